package train

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// A Console shows a person how training goes: a line that is redrawn on a terminal, a plain line an epoch elsewhere. A nil
// Console shows nothing.
type Console struct {
	Out      io.Writer
	Terminal bool

	began time.Time // of the epoch
	drawn time.Time
	seen  int
	head  bool
}

// Step shows how far an epoch has come.
func (c *Console) Step(epoch, epochs, batch, batches, seen int, loss float64) {
	if c == nil {
		return
	}
	now := time.Now()
	if c.began.IsZero() {
		c.began, c.seen = now, seen
		c.header()
	}
	if !c.Terminal || now.Sub(c.drawn) < 100*time.Millisecond {
		return
	}
	c.drawn = now
	rate := float64(seen-c.seen) / max(1e-9, now.Sub(c.began).Seconds())
	// What is left of all epochs; what judges them is left out.
	left := time.Duration(float64(now.Sub(c.began)) / float64(max(1, seen-c.seen)) * float64(seen) / float64(batch) *
		float64((epochs-epoch+1)*batches-batch))
	const width = 20 // so that the line stays within 80 columns
	full := width * batch / max(1, batches)
	fmt.Fprintf(c.Out, "\r\033[K%5s  %s%s %3d %%  loss %.4f  %s examples/s  %s left", fmt.Sprintf("%d/%d", epoch, epochs),
		strings.Repeat("━", full), strings.Repeat("─", width-full), 100*batch/max(1, batches), loss, short(rate), clock(left))
}

// Epoch shows what an epoch brought.
func (c *Console) Epoch(row Row, epochs int, best bool) {
	if c == nil {
		return
	}
	c.header()
	if c.Terminal {
		fmt.Fprint(c.Out, "\r\033[K")
	}
	mark := " "
	if best {
		mark = "*"
	}
	took := time.Since(c.began)
	fmt.Fprintf(c.Out, "%5s  %10.4f  %9.4f  %8.4f  %7.4f%s  %8.2g  %5s\n", fmt.Sprintf("%d/%d", row.Epoch, epochs), row.TrainLoss,
		row.TrainAccuracy, row.Loss, row.Accuracy, mark, row.LR, clock(took))
	c.began = time.Time{}
}

func (c *Console) header() {
	if !c.head {
		fmt.Fprintf(c.Out, "%5s  %10s  %9s  %8s  %7s   %8s  %5s\n", "epoch", "train/loss", "train/acc", "val/loss", "val/acc", "lr", "time")
		c.head = true
	}
}

// End ends a line that is being redrawn.
func (c *Console) End() {
	if c != nil && c.Terminal && !c.began.IsZero() {
		fmt.Fprintln(c.Out)
	}
}

// clock writes a duration as m:ss or h:mm:ss.
func clock(d time.Duration) string {
	s := int(d.Seconds() + .5)
	if s >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}

// short writes a rate with three digits.
func short(v float64) string {
	if v >= 10000 {
		return fmt.Sprintf("%.1fk", v/1000)
	}
	return fmt.Sprintf("%.0f", v)
}

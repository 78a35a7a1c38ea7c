package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// A peer is the process of one who takes part.
type peer struct {
	command *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
	label   string
}

// start runs the program of a setting.
func start(ctx context.Context, s Setting) (*peer, error) {
	c := exec.CommandContext(ctx, s.Command[0], s.Command[1:]...)
	c.Env = append(os.Environ(), s.Env...)
	c.Stderr = &lastWords{}
	in, err := c.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := c.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.Start(); err != nil {
		return nil, fmt.Errorf("bench: %s: %w", s.Label, err)
	}
	return &peer{c, in, bufio.NewReader(out), s.Label}, nil
}

// open makes a workload ready at a peer, which is started if it is nil; at is where it is kept.
func (p *peer) open(ctx context.Context, at **peer, w Workload, s Setting) (Timing, error) {
	t := Timing{Setting: s}
	if p == nil {
		var err error
		if p, err = start(ctx, s); err != nil {
			return t, err
		}
		*at = p
	}
	answer, err := p.ask(request{Open: &w, Threads: s.Threads, Mode: s.Mode})
	t.Name, t.Check, t.Problem = answer.Name, answer.Check, answer.Error
	return t, err
}

// turn lets a peer run what it has opened, and notes what it took.
func (p *peer) turn(t *Timing, long time.Duration) error {
	answer, err := p.ask(request{Run: long.Seconds()})
	if err == nil && answer.Error == "" && len(answer.Seconds) == 0 {
		answer.Error = "gives no times"
	}
	if t.Problem = answer.Error; err == nil && t.Problem == "" {
		t.Rounds = append(t.Rounds, median(answer.Seconds))
		t.Calls = append(t.Calls, answer.Seconds...)
	}
	return err
}

// ask sends a request and waits for the answer.
func (p *peer) ask(q request) (reply, error) {
	var a reply
	err := json.NewEncoder(p.in).Encode(q)
	if err == nil {
		var line []byte
		if line, err = p.out.ReadBytes('\n'); err == nil {
			err = json.Unmarshal(line, &a)
		}
	}
	if err != nil {
		p.command.Process.Kill()
		p.command.Wait()
		err = fmt.Errorf("bench: %s: %w; it last said: %s", p.label, err, p.command.Stderr)
	}
	return a, err
}

// stop ends the process. A nil peer has none.
func (p *peer) stop() {
	if p == nil {
		return
	}
	p.in.Close()
	time.AfterFunc(5*time.Second, func() { p.command.Process.Kill() })
	if err := p.command.Wait(); err != nil && !errors.As(err, new(*exec.ExitError)) {
		p.command.Process.Kill()
	}
}

// lastWords keeps the end of what a process says.
type lastWords struct{ text []byte }

func (l *lastWords) Write(b []byte) (int, error) {
	l.text = append(l.text, b...)
	l.text = l.text[max(0, len(l.text)-2000):]
	return len(b), nil
}

func (l *lastWords) String() string { return strings.TrimSpace(string(l.text)) }

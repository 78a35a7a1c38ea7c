package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/hadal-go/hadal/internal/atomicfile"
)

// A DownloadError says why a file could not be fetched.
type DownloadError struct {
	Source, File string
	Part         string // where what has arrived is kept, to go on from; "" if there is none
	Err          error  // the errors of each address, joined
}

func (e *DownloadError) Unwrap() error { return e.Err }

func (e *DownloadError) Error() string {
	s := fmt.Sprintf("cannot download %s of %s\n%v", e.File, e.Source, e.Err)
	if e.Part != "" {
		s += fmt.Sprintf("\nwhat has arrived is kept in %s; another try goes on from there", e.Part)
	}
	return s
}

// download fetches the files of the set that are not yet in dir.
func (s Source) download(ctx context.Context, dir string, o Options) error {
	for _, f := range s.Files {
		if f.in(dir) != "" {
			continue
		}
		d := &download{file: f, path: filepath.Join(dir, f.Name), o: o, pause: time.Second, stall: time.Minute}
		if err := d.from(ctx, s.URLs); err != nil {
			failed := &DownloadError{Source: s.Name, File: f.Name, Err: err}
			if info, err := os.Stat(d.part()); err == nil && info.Size() > 0 {
				failed.Part = d.part()
			}
			return failed
		}
	}
	return nil
}

// A download fetches one file. What arrives goes to a .part file, which another try goes on with; only when its content is
// proved right does it get its name.
type download struct {
	file  File
	path  string
	o     Options
	pause time.Duration // before another try, doubled each time
	stall time.Duration // without a byte, after which a connection is given up

	arrived bool // some bytes, so that the network is known to work
}

const maxTries = 4

func (d *download) part() string { return d.path + ".part" }

// origin is the file that says which address and version the .part file is from.
func (d *download) origin() string { return d.path + ".part.origin" }

// from fetches the file from the first address that has it.
func (d *download) from(ctx context.Context, addresses []string) error {
	if err := os.MkdirAll(filepath.Dir(d.path), 0o755); err != nil {
		return err
	}
	var failed []error
	for _, address := range addresses {
		address += d.file.Name
		err := d.try(ctx, address)
		if err == nil {
			return nil
		}
		failed = append(failed, fmt.Errorf("%s: %w", address, err))
		if isDisk(err) || ctx.Err() != nil {
			break
		}
	}
	return errors.Join(failed...)
}

// try fetches the file from one address, with several tries where the network fails.
func (d *download) try(ctx context.Context, address string) error {
	pause := d.pause
	for n := 1; ; n++ {
		err := d.fetch(ctx, address)
		if err == nil {
			return d.finish()
		}
		var status statusError
		final := errors.As(err, &status) && !status.temporary() || errors.Is(err, errTooLong) || unreachable(err) && !d.arrived
		if final || n == maxTries || isDisk(err) || ctx.Err() != nil {
			return err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		}
		pause *= 2
	}
}

// finish gives the .part file its name if its content is right, and removes it if not.
func (d *download) finish() error {
	err := checkContent(spot{path: d.part()}, d.file)
	var corrupt *CorruptError
	if errors.As(err, &corrupt) {
		d.discard()
		return fmt.Errorf("what arrived is not the file that it should be and was thrown away: %s", corrupt.Problem)
	}
	if err != nil {
		return err
	}
	if err := os.Rename(d.part(), d.path); err != nil {
		return err
	}
	os.Remove(d.origin())
	return nil
}

func (d *download) discard() {
	os.Remove(d.part())
	os.Remove(d.origin())
}

var (
	errTooLong = errors.New("the server sends more than the file can have")
	errStalled = errors.New("nothing arrives any more")
)

type statusError int

func (e statusError) Error() string { return fmt.Sprintf("%d %s", int(e), http.StatusText(int(e))) }

func (e statusError) temporary() bool {
	return e >= 500 || e == http.StatusRequestTimeout || e == http.StatusTooManyRequests
}

// fetch makes the .part file whole, going on with what is there if the server has the same version still.
func (d *download) fetch(ctx context.Context, address string) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watch := time.AfterFunc(d.stall, func() { cancel(errStalled) })
	defer watch.Stop()

	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	req.Header.Set("User-Agent", "hadal")
	req.Header.Set("Accept-Encoding", "identity") // the compression is part of the file
	have, version := d.resumable(address)
	if have > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", have))
		req.Header.Set("If-Range", version)
	}
	client := d.o.Client
	if client == nil {
		client = http.DefaultClient
	}
	resp, err := client.Do(req)
	if err != nil {
		var wrapped *url.Error // says once more what and where, as from does
		if errors.As(err, &wrapped) {
			err = wrapped.Err
		}
		return causeOf(ctx, err)
	}
	defer resp.Body.Close()

	switch resp.StatusCode {
	case http.StatusOK:
		have = 0
		d.discard() // before the new version is noted, so that no crash leaves an old part under it
		if err := d.remember(address, resp.Header); err != nil {
			return err
		}
	case http.StatusPartialContent:
		if !strings.HasPrefix(resp.Header.Get("Content-Range"), fmt.Sprintf("bytes %d-", have)) {
			d.discard()
			return fmt.Errorf("asked to go on at byte %d, the server answers with %q", have, resp.Header.Get("Content-Range"))
		}
	case http.StatusRequestedRangeNotSatisfiable:
		if resp.Header.Get("Content-Range") == "bytes */"+strconv.FormatInt(have, 10) {
			return nil // all of it had arrived
		}
		d.discard()
		return errors.New("the server has another file than the one that was begun; beginning again")
	default:
		return statusError(resp.StatusCode)
	}

	out, err := os.OpenFile(d.part(), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	err = d.copy(out, resp, have, func() { watch.Reset(d.stall) })
	if err == nil {
		err = out.Sync()
	}
	if closed := out.Close(); err == nil {
		err = closed
	}
	return causeOf(ctx, err)
}

// copy appends what arrives to out, which has have bytes.
func (d *download) copy(out io.Writer, resp *http.Response, have int64, alive func()) error {
	total := d.file.Size
	if resp.ContentLength >= 0 {
		total = have + resp.ContentLength
	}
	limit := 2*d.file.Size + 1<<20 // other compressions may be a little larger, endless answers are not
	buffer := make([]byte, 1<<16)
	for {
		n, err := resp.Body.Read(buffer)
		if n > 0 {
			alive()
			d.arrived = true
			if have += int64(n); have > limit {
				return errTooLong
			}
			if _, err := out.Write(buffer[:n]); err != nil {
				return err
			}
			if d.o.Progress != nil {
				d.o.Progress(d.file.Name, have, total)
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// unreachable tells whether no connection came about: no network, a wrong name, or a proxy that is not there.
func unreachable(err error) bool {
	var network *net.OpError
	return errors.As(err, &network) && (network.Op == "dial" || network.Op == "proxyconnect")
}

// causeOf says why a connection was cancelled, where it was.
func causeOf(ctx context.Context, err error) error {
	if err != nil && context.Cause(ctx) != nil {
		return context.Cause(ctx)
	}
	return err
}

// remember notes which version of the file at address the .part file is about to hold.
func (d *download) remember(address string, h http.Header) error {
	version := h.Get("ETag")
	if version == "" || strings.HasPrefix(version, "W/") { // only strong tags promise the same bytes
		version = h.Get("Last-Modified")
	}
	return atomicfile.WriteBytes(d.origin(), []byte(address+"\n"+version+"\n"))
}

// resumable returns the size of the .part file and the version that it holds, or 0 if the file has to be fetched anew.
func (d *download) resumable(address string) (have int64, version string) {
	origin, err := os.ReadFile(d.origin())
	if err != nil {
		return 0, ""
	}
	from, rest, _ := bytes.Cut(origin, []byte("\n"))
	info, err := os.Stat(d.part())
	if err != nil || string(from) != address {
		return 0, ""
	}
	version = strings.TrimSpace(string(rest))
	if version == "" {
		return 0, ""
	}
	return info.Size(), version
}

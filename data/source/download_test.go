package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// A server has one file and can misbehave. It notes what it is asked.
type server struct {
	mu       sync.Mutex
	body     []byte
	etag     string
	modified string
	noRange  bool
	cut      []int // after how many bytes to cut the answers, in order; then no more
	status   []int // answers to give instead, in order; then no more
	stall    bool  // send half, then nothing
	ranges   []string
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ranges = append(s.ranges, r.Header.Get("Range"))
	if len(s.status) > 0 {
		code := s.status[0]
		s.status = s.status[1:]
		w.WriteHeader(code)
		return
	}
	if s.etag != "" {
		w.Header().Set("ETag", s.etag)
	}
	if s.modified != "" {
		w.Header().Set("Last-Modified", s.modified)
	}
	body := s.body
	if from, ok := strings.CutPrefix(r.Header.Get("Range"), "bytes="); ok && !s.noRange {
		start, _ := strconv.Atoi(strings.TrimSuffix(from, "-"))
		if v := r.Header.Get("If-Range"); v != s.etag && v != s.modified {
			start = 0
		}
		switch {
		case start >= len(body):
			w.Header().Set("Content-Range", fmt.Sprintf("bytes */%d", len(body)))
			w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
			return
		case start > 0:
			w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", start, len(body)-1, len(body)))
			w.Header().Set("Content-Length", strconv.Itoa(len(body)-start))
			w.WriteHeader(http.StatusPartialContent)
			body = body[start:]
		}
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	if s.stall {
		w.Write(body[:len(body)/2])
		w.(http.Flusher).Flush()
		<-r.Context().Done()
		return
	}
	if len(s.cut) > 0 {
		n := min(s.cut[0], len(body))
		s.cut = s.cut[1:]
		w.Write(body[:n])
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	w.Write(body)
}

// start serves s and returns a download of its file into a folder of its own.
func start(t *testing.T, s *server, content []byte) (d *download, url string) {
	t.Helper()
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	return &download{
		file:  File{Name: "one.gz", Size: int64(len(s.body)), SHA256: sum(content)},
		path:  filepath.Join(t.TempDir(), "cache", "one.gz"),
		pause: time.Millisecond,
		stall: time.Minute,
	}, web.URL + "/"
}

// check tells whether the file arrived, and nothing else is left.
func (d *download) check(t *testing.T, want []byte) {
	t.Helper()
	got, err := os.ReadFile(d.path)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes arrived, error %v; want the %d bytes of the server", len(got), err, len(want))
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(d.path), "*part*")); len(left) > 0 {
		t.Errorf("the download left %v behind", left)
	}
}

func made(t *testing.T) (content, packed []byte) {
	t.Helper()
	for i := range 40000 {
		content = fmt.Appendf(content, "%d,", i*i)
	}
	return content, gzipped(t, content)
}

// A connection that breaks again and again: every try goes on where the one before stopped.
func TestDownloadResumes(t *testing.T) {
	content, packed := made(t)
	for name, s := range map[string]*server{
		"by tag":  {etag: `"v1"`},
		"by date": {etag: `W/"v1"`, modified: "Tue, 29 Aug 2017 20:39:30 GMT"},
	} {
		s.body, s.cut = packed, []int{30000, 20000, 1}
		d, url := start(t, s, content)
		var told []int64
		d.o.Progress = func(file string, done, total int64) {
			if file != "one.gz" || total != int64(len(packed)) {
				t.Errorf("%s: Progress(%q, %d, %d), want one.gz and a total of %d", name, file, done, total, len(packed))
			}
			told = append(told, done)
		}
		if err := d.from(context.Background(), []string{url}); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		d.check(t, packed)
		if got, want := fmt.Sprint(s.ranges), "[ bytes=30000- bytes=50000- bytes=50001-]"; got != want {
			t.Errorf("%s: the server was asked for %s, want %s", name, got, want)
		}
		for i := 1; i < len(told); i++ {
			if told[i] <= told[i-1] {
				t.Errorf("%s: progress goes from %d to %d", name, told[i-1], told[i])
			}
		}
	}
}

// A program that was stopped goes on from the .part file it left, and a failed download keeps it.
func TestDownloadResumesLater(t *testing.T) {
	content, packed := made(t)
	s := &server{body: packed, etag: `"v1"`, cut: []int{1000, 1000, 1000, 1000}}
	d, url := start(t, s, content)
	if err := d.from(context.Background(), []string{url}); err == nil {
		t.Fatal("the download succeeds though the connection breaks each time")
	}
	if info, err := os.Stat(d.part()); err != nil || info.Size() != 4000 {
		t.Fatalf("after a failed download the part is %v, error %v; want 4000 bytes", info, err)
	}
	again := *d
	if err := again.from(context.Background(), []string{url}); err != nil {
		t.Fatal(err)
	}
	d.check(t, packed)
	if last := s.ranges[len(s.ranges)-1]; last != "bytes=4000-" {
		t.Errorf("the second download asked for %q, want bytes=4000-", last)
	}
}

// All bytes had arrived, but the program stopped before the file got its name.
func TestDownloadResumesAtTheEnd(t *testing.T) {
	content, packed := made(t)
	s := &server{body: packed, etag: `"v1"`}
	d, url := start(t, s, content)
	put(t, filepath.Dir(d.path), map[string][]byte{"one.gz.part": packed, "one.gz.part.origin": []byte(url + "one.gz\n\"v1\"\n")})
	if err := d.from(context.Background(), []string{url}); err != nil {
		t.Fatal(err)
	}
	d.check(t, packed)
}

// What must not be gone on with: another version, another address, an unknown version, a server that knows no ranges.
func TestDownloadBeginsAgain(t *testing.T) {
	content, packed := made(t)
	old := bytes.Repeat([]byte("old"), 999)
	for _, tt := range []struct {
		name   string
		s      *server
		origin string // URL stands for the address
	}{
		{"new version", &server{etag: `"v2"`}, "URL\n\"v1\"\n"},
		{"no ranges", &server{etag: `"v1"`, noRange: true}, "URL\n\"v1\"\n"},
		{"unknown version", &server{}, "URL\n\n"},
		{"other address", &server{etag: `"v1"`}, "http://example.org/one.gz\n\"v1\"\n"},
		{"no origin", &server{etag: `"v1"`}, ""},
	} {
		tt.s.body = packed
		d, url := start(t, tt.s, content)
		files := map[string][]byte{"one.gz.part": old}
		if tt.origin != "" {
			files["one.gz.part.origin"] = []byte(strings.ReplaceAll(tt.origin, "URL", url+"one.gz"))
		}
		put(t, filepath.Dir(d.path), files)
		if err := d.from(context.Background(), []string{url}); err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		d.check(t, packed)
	}
}

// A part that is longer than the file, or no start of it, is thrown away; nothing wrong ever gets the file's name.
func TestDownloadRefusesWhatIsWrong(t *testing.T) {
	content, packed := made(t)
	for _, tt := range []struct {
		name string
		s    *server
		part []byte
		want string // "" for a download that succeeds in the end
	}{
		{"other content", &server{body: gzipped(t, []byte("something else"))}, nil, "sha256 of its content"},
		{"a page that says no", &server{body: []byte("<html>log in</html>")}, nil, "sha256 of its content"},
		{"endless", &server{body: make([]byte, 4<<20)}, nil, "more than the file can have"},
		{"part of something else", &server{body: packed, etag: `"v1"`}, []byte("something else"), "thrown away"},
		{"part too long", &server{body: packed, etag: `"v1"`}, make([]byte, len(packed)+1), ""},
		{"not found", &server{body: packed, status: []int{404, 404}}, nil, "404 Not Found"},
		{"busy for ever", &server{body: packed, status: []int{503, 503, 503, 503, 503}}, nil, "503 Service Unavailable"},
		{"busy for a while", &server{body: packed, status: []int{503, 429, 500}}, nil, ""},
	} {
		d, url := start(t, tt.s, content)
		d.file.Size = int64(len(packed))
		if tt.part != nil {
			put(t, filepath.Dir(d.path), map[string][]byte{
				"one.gz.part": tt.part, "one.gz.part.origin": []byte(url + "one.gz\n\"v1\"\n"),
			})
		}
		err := d.from(context.Background(), []string{url})
		if tt.want == "" {
			if err != nil {
				t.Errorf("%s: %v", tt.name, err)
			} else {
				d.check(t, packed)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), url) {
			t.Errorf("%s: error %v, want %q and the address", tt.name, err, tt.want)
		}
		if _, err := os.Stat(d.path); err == nil {
			t.Errorf("%s: the file exists after the download failed", tt.name)
		}
		if tt.name == "not found" && len(tt.s.ranges) != 1 {
			t.Errorf("%s: the server was asked %d times, want once", tt.name, len(tt.s.ranges))
		}
	}
}

func TestDownloadUsesTheNextAddress(t *testing.T) {
	content, packed := made(t)
	gone := httptest.NewServer(http.NotFoundHandler())
	defer gone.Close()
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	d, url := start(t, &server{body: packed}, content)
	if err := d.from(context.Background(), []string{gone.URL + "/", closed.URL + "/", url}); err != nil {
		t.Fatal(err)
	}
	d.check(t, packed)
}

func TestDownloadStalls(t *testing.T) {
	content, packed := made(t)
	d, url := start(t, &server{body: packed, stall: true}, content)
	d.stall = 20 * time.Millisecond
	err := d.from(context.Background(), []string{url})
	if !errors.Is(err, errStalled) {
		t.Errorf("a download from a server that falls silent = %v, want %v", err, errStalled)
	}
}

func TestDownloadStopsWithItsContext(t *testing.T) {
	content, packed := made(t)
	d, url := start(t, &server{body: packed, stall: true}, content)
	ctx, cancel := context.WithCancel(context.Background())
	d.o.Progress = func(string, int64, int64) { cancel() }
	if err := d.from(ctx, []string{url, url}); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled download = %v, want %v", err, context.Canceled)
	}
}

func TestDownloadDiskErrors(t *testing.T) {
	content, packed := made(t)
	t.Run("no folder", func(t *testing.T) {
		d, url := start(t, &server{body: packed}, content)
		put(t, filepath.Dir(filepath.Dir(d.path)), map[string][]byte{"cache": []byte("a file where a folder should be")})
		if err := d.from(context.Background(), []string{url}); !isDisk(err) {
			t.Errorf("error %v, want one of the disk", err)
		}
	})
	t.Run("disk full", func(t *testing.T) {
		if runtime.GOOS != "linux" {
			t.Skip("needs /dev/full")
		}
		s := &server{body: packed, noRange: true}
		d, url := start(t, s, content)
		out, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
		if err != nil {
			t.Skip(err)
		}
		defer out.Close()
		resp, err := http.Get(url + "one.gz")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if err := d.copy(out, resp, 0, func() {}); !isDisk(err) || !strings.Contains(err.Error(), "no space left") {
			t.Errorf("copying to a full disk = %v, want an error of the disk", err)
		}
	})
}

// The whole way: a set is downloaded into the cache once, and found there from then on.
func TestFindDownloads(t *testing.T) {
	s, files := words()
	packed := gzipped(t, files["one.gz"])
	asked := 0
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		switch r.URL.Path {
		case "/words/one.gz":
			w.Write(packed)
		case "/words/two":
			w.Write(files["two"])
		default:
			http.NotFound(w, r)
		}
	}))
	s.URLs = []string{web.URL + "/words/"}
	o := Options{Cache: t.TempDir()}
	l, err := s.Find(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Check(); err != nil || !strings.HasPrefix(l.From, "download") {
		t.Errorf("downloaded from %q, Check = %v", l.From, err)
	}
	web.Close()
	if l, err = s.Find(context.Background(), o); err != nil || !strings.HasPrefix(l.From, "cache") || asked != 2 {
		t.Errorf("found again in %q after %d requests, error %v; want the cache, 2 and none", l.From, asked, err)
	}

	// One file is lost, and the server is gone.
	if err := os.Remove(l.Path("two")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	_, err = s.Find(ctx, o)
	var download *DownloadError
	if !errors.As(err, &download) || download.File != "two" {
		t.Errorf("Find without the server = %v, want a DownloadError of the file two", err)
	}
}

func TestDownloadErrorsSayWhatToDo(t *testing.T) {
	s, _ := words()
	web := httptest.NewServer(http.NotFoundHandler())
	defer web.Close()
	s.URLs = []string{web.URL + "/a/", web.URL + "/b/"}
	_, err := s.Find(context.Background(), Options{Cache: t.TempDir()})
	var missing *MissingError
	var download *DownloadError
	if !errors.As(err, &missing) || !errors.As(err, &download) {
		t.Fatalf("Find = %v, want a MissingError with a DownloadError", err)
	}
	for _, want := range []string{"/a/one.gz: 404 Not Found", "/b/one.gz: 404 Not Found", "--data", "HADAL_DATA"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q:\n%v", want, err)
		}
	}
}

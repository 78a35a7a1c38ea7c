package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A full disk ends the training with an error that says where; the checkpoint of before stays, and with room again the run goes on
// as if nothing had been.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	args := []string{"mlp-mnist", "epochs=3", "fraction=0.01", "validation=100"}
	last, best := uninterrupted(t, args...)
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=16m"); err != nil {
		t.Skipf("cannot make a small disk here: %v", err)
	}
	defer syscall.Unmount(dir, syscall.MNT_DETACH)
	c := hadal(t, dir, append([]string{"train", "--out", "run"}, args...)...)
	filler := filepath.Join(dir, "filler")
	fill(t, dir, filler, 6<<20) // room for one checkpoint, not for a second beside it
	code, text := whole(t, c)
	if code != exitData || !strings.Contains(text, "no space left on device") || !strings.Contains(text, "write run/") {
		t.Errorf("on a full disk training ends with %d: %s\nwant %d, and what could not be written where", code, text, exitData)
	}
	before := content(t, filepath.Join(dir, "run/last.state"))
	readable(t, filepath.Join(dir, "run"))
	t.Log(text)
	if code, text := whole(t, hadal(t, dir, "resume", "run")); code != exitData {
		t.Errorf("still on a full disk resume ends with %d: %s\nwant %d", code, text, exitData)
	}
	if !bytes.Equal(content(t, filepath.Join(dir, "run/last.state")), before) {
		t.Error("a resume on a full disk has changed the state")
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	if code, text := whole(t, hadal(t, dir, "resume", "run")); code != 0 {
		t.Fatalf("with room again resume ends with %d: %s", code, text)
	}
	same(t, dir, last, best, 3)
}

// fill writes a file that leaves so many bytes of the disk free.
func fill(t *testing.T, dir, path string, free int) {
	t.Helper()
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, make([]byte, int(s.Bavail)*int(s.Bsize)-free), 0o644); err != nil {
		t.Fatal(err)
	}
}

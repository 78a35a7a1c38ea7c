package check

import (
	"debug/elf"
	"os"
	"runtime"
	"testing"
)

// The command needs no dynamic linker and no library. HADAL_BINARY is a build of it; .ci/run makes one.
func TestBinaryIsStatic(t *testing.T) {
	name := os.Getenv("HADAL_BINARY")
	if name == "" || runtime.GOOS != "linux" {
		t.Skip("HADAL_BINARY names no build for Linux")
	}
	binary, err := elf.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer binary.Close()
	for _, p := range binary.Progs {
		if p.Type == elf.PT_INTERP || p.Type == elf.PT_DYNAMIC {
			t.Errorf("%s has a program header %v: it is linked dynamically", name, p.Type)
		}
	}
	libraries, err := binary.ImportedLibraries()
	if err == nil && len(libraries) > 0 {
		t.Errorf("%s needs the libraries %v", name, libraries)
	}
}

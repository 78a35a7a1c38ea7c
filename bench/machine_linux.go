package bench

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
)

// Processor names that of this machine.
func Processor() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	_, rest, _ := bytes.Cut(text, []byte("model name"))
	name, _, _ := bytes.Cut(rest, []byte("\n"))
	return fmt.Sprintf("%s, %d processors, %s/%s", bytes.TrimLeft(name, "\t :"), runtime.NumCPU(), runtime.GOOS, runtime.GOARCH)
}

// residentMemory gives back what is free, forgets the greatest size of the process so far and returns the present one, in bytes.
func residentMemory() int64 {
	debug.FreeOSMemory()
	os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // where it is not allowed, the greatest so far stays
	return status("VmRSS:")
}

// peakMemory returns the greatest size since residentMemory.
func peakMemory() int64 { return status("VmHWM:") }

// status reads a line of the kernel's account of the process, which is in kB.
func status(key string) int64 {
	text, _ := os.ReadFile("/proc/self/status")
	_, rest, found := bytes.Cut(text, []byte(key))
	fields := bytes.Fields(rest)
	if !found || len(fields) == 0 {
		return 0
	}
	kb, _ := strconv.ParseInt(string(fields[0]), 10, 64)
	return kb << 10
}

//go:build !linux

package bench

import (
	"fmt"
	"runtime"
)

// Processor names that of this machine.
func Processor() string {
	return fmt.Sprintf("%d processors, %s/%s", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH)
}

// residentMemory and peakMemory are told on Linux only.
func residentMemory() int64 { return 0 }

func peakMemory() int64 { return 0 }

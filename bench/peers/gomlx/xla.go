//go:build xla

package main

import (
	"errors"
	"runtime"
	"sync"

	"github.com/gomlx/compute"
	"github.com/gomlx/go-xla/compute/xla"
)

// XLA needs cgo, and a PJRT plugin for the processor: PJRT_PLUGIN_LIBRARY_PATH is its folder.
func init() {
	xla.EnableAutoInstall(false) // nothing is fetched that nobody asked for
	configuration = "xla:cpu"
	modules = append(modules, "github.com/gomlx/go-xla")
	client := sync.OnceValues(func() (compute.Backend, error) { return compute.NewWithConfig(configuration) })
	newBackend = func() (compute.Backend, error) {
		if runtime.GOMAXPROCS(0) < runtime.NumCPU() {
			return nil, errors.New("there is no way to tell XLA to use fewer threads than there are processors")
		}
		return client()
	}
}

package main

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
)

// panicError turns a panic into an error. A wrong shape is the fault of what was asked for, and gets the place in the model where it
// came up.
func panicError(r any) error {
	text := fmt.Sprint(r)
	if !strings.HasPrefix(text, "tensor: ") && !strings.HasPrefix(text, "nn: ") {
		return errors.New("internal: " + text + " (HADAL_DEBUG=1 prints where)")
	}
	if place := modelPlace(); place != "" {
		text += "\n  in " + place
	}
	return usageError{errors.New(text)}
}

// modelPlace returns the innermost method of a model on the stack of a panic, with its file and line.
func modelPlace() string {
	pcs := make([]uintptr, 64)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(1, pcs)])
	for {
		f, more := frames.Next()
		if _, model, ok := strings.Cut(f.Function, "/model/"); ok {
			file := f.File[strings.LastIndex(f.File, "/")+1:]
			return fmt.Sprintf("%s (%s:%d)", model, file, f.Line)
		}
		if !more {
			return ""
		}
	}
}

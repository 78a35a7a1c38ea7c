package main

import (
	"fmt"
	"runtime"
	"strings"
)

// describePanic turns a panic into a sentence. A wrong shape gets the place in the model where it came up.
func describePanic(r any) string {
	text := fmt.Sprint(r)
	if !strings.HasPrefix(text, "tensor: ") && !strings.HasPrefix(text, "nn: ") {
		return "internal: " + text + " (HADAL_DEBUG=1 prints where)"
	}
	if place := modelPlace(); place != "" {
		return text + "\n  in " + place
	}
	return text
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

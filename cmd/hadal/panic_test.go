package main

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/hadal-go/hadal/model/vision"
	"github.com/hadal-go/hadal/tensor"
)

// caught returns what the command makes of a panic in f.
func caught(f func()) (err error) {
	defer func() { err = panicError(recover()) }()
	f()
	return nil
}

func TestShapePanicNamesTheModel(t *testing.T) {
	net := vision.NewLeNet(rand.New(rand.NewPCG(0, 0)), 10)
	err := caught(func() {
		p := tensor.Inference()
		defer p.End()
		net.Forward(p.Input(tensor.New(1, 28, 28, 3)))
	})
	want := regexp.MustCompile(`^tensor: Conv2DReLU: .*\n  in vision\.\(\*LeNet\)\.Forward \(lenet\.go:\d+\)$`)
	if !want.MatchString(err.Error()) {
		t.Errorf("a wrong input gives\n%v\nwant a match of\n%v", err, want)
	}
	if got := exitCode(err); got != exitUsage {
		t.Errorf("the exit code of a wrong shape is %d, want %d", got, exitUsage)
	}
}

func TestOtherPanicIsInternal(t *testing.T) {
	err := caught(func() { panic("index out of range") })
	if !strings.HasPrefix(err.Error(), "internal: index out of range") || exitCode(err) != exitInternal {
		t.Errorf("a panic gives %q with exit code %d, want internal and %d", err, exitCode(err), exitInternal)
	}
}

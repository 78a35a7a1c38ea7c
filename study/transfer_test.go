package study

import (
	"context"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/hadal-go/hadal/data"
	"github.com/hadal-go/hadal/data/source"
)

// Examples of the three sets are of the classes that are there, and none is to learn from and to test on at once.
func TestTransferExamples(t *testing.T) {
	dir := os.Getenv("HADAL_DATA")
	if dir == "" {
		t.Skip("HADAL_DATA is not set")
	}
	l := &Lab{Source: source.Options{Dir: dir, Offline: true}}
	for name, c := range map[string]struct {
		load    func(context.Context, *Lab) (*examples, error)
		classes int
		learn   int // of the smallest class
	}{"tiny": {tinyExamples, 10, 400}, "faces": {faceExamples, 2, 300}, "cells": {cellExamples, 3, 100}} {
		e, err := c.load(context.Background(), l)
		if err != nil {
			t.Fatal(err)
		}
		if len(e.learn) != c.classes || len(e.test) != c.classes {
			t.Errorf("%s has %d and %d classes, want %d", name, len(e.learn), len(e.test), c.classes)
		}
		for class := range e.learn {
			if n, tests := len(e.learn[class]), len(e.test[class]); n < c.learn || tests < 30 {
				t.Errorf("%s, %s: %d to learn from and %d to test on", name, class, n, tests)
			}
		}
	}
}

func TestPieces(t *testing.T) {
	p := data.NewPicture(3, 4, 3)
	for i := range p.Pixels {
		p.Pixels[i] = byte(i)
	}
	got := piece(p, 1, 2, 2, 2)
	want := []byte{18, 19, 20, 21, 22, 23, 30, 31, 32, 33, 34, 35}
	if string(got.Pixels) != string(want) {
		t.Errorf("the pixels are %v, want %v", got.Pixels, want)
	}
	all := []data.Picture{data.NewPicture(1, 1, 1), data.NewPicture(2, 1, 1), data.NewPicture(3, 1, 1)}
	drawn := some(rand.New(rand.NewPCG(1, 1)), all, 2)
	if len(drawn) != 2 || drawn[0].H == drawn[1].H || len(some(rand.New(rand.NewPCG(1, 1)), all, 9)) != 3 {
		t.Errorf("drawn are %d pictures", len(drawn))
	}
}

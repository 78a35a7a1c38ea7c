package kernel

import (
	"math/rand/v2"
	"testing"
)

// upward returns the convolution whose gradient by the input is a transposed convolution of n square images with c
// channels to oc.
func upward(n, size, c, oc, k, stride, pad int) Conv {
	return square(n, (size-1)*stride-2*pad+k, oc, c, k, stride, pad, 1, 1)
}

// BenchmarkConv measures the shapes that are compared with PyTorch. Of a transposed convolution, input is what runs
// forward.
func BenchmarkConv(b *testing.B) {
	r := rand.New(rand.NewPCG(11, 12))
	for _, s := range []struct {
		name string
		g    Conv
	}{
		{"16x64x56k3", square(16, 56, 64, 64, 3, 1, 1, 1, 1)},
		{"16x128x28k3", square(16, 28, 128, 128, 3, 1, 1, 1, 1)},
		{"16x256x14k3", square(16, 14, 256, 256, 3, 1, 1, 1, 1)},
		{"16x512x7k3", square(16, 7, 512, 512, 3, 1, 1, 1, 1)},
		{"64x64x32k3", square(64, 32, 64, 64, 3, 1, 1, 1, 1)},
		{"64x128x16k3", square(64, 16, 128, 128, 3, 1, 1, 1, 1)},
		{"64x256x8k3", square(64, 8, 256, 256, 3, 1, 1, 1, 1)},
		{"64x512x4k3", square(64, 4, 512, 512, 3, 1, 1, 1, 1)},
		{"16x64x56k1", square(16, 56, 64, 256, 1, 1, 0, 1, 1)},
		{"64x64x32k1s2", square(64, 32, 64, 128, 1, 2, 0, 1, 1)},
		{"64x64x32k3s2", square(64, 32, 64, 128, 3, 2, 1, 1, 1)},
		{"16x64x56k3depthwise", square(16, 56, 64, 64, 3, 1, 1, 1, 64)},
		{"16x192x28k3depthwise", square(16, 28, 192, 192, 3, 1, 1, 1, 192)},
		{"16x128x28k3groups8", square(16, 28, 128, 128, 3, 1, 1, 1, 8)},
		{"64x3x32k3", square(64, 32, 3, 64, 3, 1, 1, 1, 1)},
		{"16x3x224k7s2", square(16, 224, 3, 64, 7, 2, 3, 1, 1)},
		{"64x128x7k4s2transposed", upward(64, 7, 128, 64, 4, 2, 1)},
		{"64x64x14k4s2transposed", upward(64, 14, 64, 1, 4, 2, 1)},
		{"lenet1", square(64, 28, 1, 6, 5, 1, 2, 1, 1)},
		{"lenet2", square(64, 14, 6, 16, 5, 1, 0, 1, 1)},
		{"64x1x28k3", square(64, 28, 1, 32, 3, 1, 1, 1, 1)},
		{"64x32x14k3", square(64, 14, 32, 64, 3, 1, 1, 1, 1)},
		{"1x64x56k3", square(1, 56, 64, 64, 3, 1, 1, 1, 1)},
		{"1x128x28k3", square(1, 28, 128, 128, 3, 1, 1, 1, 1)},
		{"1x256x14k3", square(1, 14, 256, 256, 3, 1, 1, 1, 1)},
		{"1x512x7k3", square(1, 7, 512, 512, 3, 1, 1, 1, 1)},
	} {
		g := s.g
		nx, nw, ny := g.lens()
		x, w, y := random(r, nx), random(r, nw), random(r, ny)
		dx, dw, out := make([]Float, nx), make([]Float, nw), make([]Float, ny)
		flop := 2 * float64(ny) * float64(g.KH*g.KW*g.C/g.Groups)
		for _, v := range []struct {
			name string
			f    func()
		}{
			{"forward", func() { g.Forward(out, x, w) }},
			{"input", func() { g.Input(dx, y, w) }},
			{"weight", func() { g.Weight(dw, x, y) }},
		} {
			b.Run(s.name+"/"+v.name, func(b *testing.B) {
				for b.Loop() {
					v.f()
				}
				b.ReportMetric(flop*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
			})
		}
	}
}

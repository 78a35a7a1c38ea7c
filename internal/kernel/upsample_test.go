package kernel

import (
	"fmt"
	"math"
	"testing"
)

var resizes = [][6]int{ // n, h, w, c, oh, ow
	{0, 3, 3, 2, 6, 6}, {1, 1, 1, 1, 1, 1}, {2, 3, 4, 3, 6, 8}, {1, 3, 4, 2, 3, 4}, {1, 5, 7, 2, 8, 3},
	{2, 4, 1, 65, 1, 5},
	{1, 1, 6, 3, 4, 4}, {1, 10, 10, 1, 3, 3}, {3, 17, 19, 7, 34, 38},
	{1, 2, 2, 2, 29, 31}, {1, 13, 12, 1, 11, 25},
}

func TestNearest(t *testing.T) {
	for _, s := range resizes {
		n, h, w, c, oh, ow := s[0], s[1], s[2], s[3], s[4], s[5]
		x, dy := normals(n*h*w*c, 1), normals(n*oh*ow*c, 2)
		y, want := make([]Float, len(dy)), make([]Float, len(dy))
		dx := normals(len(x), 3)
		for i := range want {
			row, o := i/(ow*c), i/c%ow
			image, p := row/oh, row%oh
			want[i] = x[((image*h+p*h/oh)*w+o*w/ow)*c+i%c]
		}
		Nearest(y, x, n, h, w, c, oh, ow)
		compare(t, fmt.Sprint("Nearest", s), y, want, 0)
		NearestGrad(dx, dy, n, h, w, c, oh, ow)
		adjoint(t, fmt.Sprint("Nearest", s), x, y, dy, dx)
	}
}

// Every output must be in the window of the input it shows, and in no other, for sizes where rounding decides too.
func TestNearestWindows(t *testing.T) {
	for in := 1; in < 60; in++ {
		for out := 1; out < 60; out++ {
			w, next := windows{kind: nearest, in: out, out: in}, 0
			for i := range in {
				lo, hi, _ := w.at(i)
				if lo != next {
					t.Fatalf("%d to %d: window %d begins at %d, want %d", in, out, i, lo, next)
				}
				for o := lo; o < hi; o++ {
					if got := nearestSource(o, in, out); got != i {
						t.Fatalf("%d to %d: output %d is in window %d, want %d", in, out, o, i, got)
					}
				}
				next = hi
			}
			if next != out {
				t.Fatalf("%d to %d: windows end at %d", in, out, next)
			}
		}
	}
}

func TestBilinear(t *testing.T) {
	for _, s := range resizes {
		for _, corners := range []bool{false, true} {
			n, h, w, c, oh, ow := s[0], s[1], s[2], s[3], s[4], s[5]
			x, dy := normals(n*h*w*c, 1), normals(n*oh*ow*c, 2)
			y, want := make([]Float, len(dy)), make([]Float, len(dy))
			dx := normals(len(x), 3)
			// A tent of width 1 around the place weighs its neighbours; beyond the border the border goes on.
			place := func(o, in, out int) float64 {
				switch {
				case !corners:
					return (float64(o)+.5)*float64(in)/float64(out) - .5
				case out == 1:
					return 0
				}
				return float64(o) * float64(in-1) / float64(out-1)
			}
			for i := range want {
				row, o := i/(ow*c), i/c%ow
				image, p := row/oh, row%oh
				var s float64
				for a := -1; a <= h; a++ {
					for b := -1; b <= w; b++ {
						weight := max(0, 1-math.Abs(place(p, h, oh)-float64(a)))
						weight *= max(0, 1-math.Abs(place(o, w, ow)-float64(b)))
						a, b := min(max(a, 0), h-1), min(max(b, 0), w-1)
						s += weight * float64(x[((image*h+a)*w+b)*c+i%c])
					}
				}
				want[i] = Float(s)
			}
			Bilinear(y, x, n, h, w, c, oh, ow, corners)
			compare(t, fmt.Sprint("Bilinear", s, corners), y, want, 16*max(epsilon, 1e-15))
			BilinearGrad(dx, dy, n, h, w, c, oh, ow, corners)
			adjoint(t, fmt.Sprint("Bilinear", s, corners), x, y, dy, dx)
		}
	}
}

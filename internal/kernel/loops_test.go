package kernel

import (
	"testing"
	"unsafe"
)

// A loopCase is one call of a kernel that is large enough to be cut.
type loopCase struct {
	name  string
	bytes int // that it reads and writes
	call  func()
	to    []Float // what it writes
}

// loopCases are calls of every kind of loop here.
func loopCases() []loopCase {
	const n = 1 << 18 // 512×512, or 64×4096, or 8×32×32×32
	x, y, z, w := normals(n, 1), normals(n, 2), normals(n, 3), normals(n, 4)
	dst := make([]Float, n)
	small := make([]Float, 4096)
	index, order := make([]int32, n), indices(n, 512, 5)
	const float = n * int(unsafe.Sizeof(Float(0))) // bytes of an operand
	image := Pool{N: 8, H: 32, W: 32, C: 32, OH: 16, OW: 16, KH: 2, KW: 2, StrideH: 2, StrideW: 2}
	image.DilationH, image.DilationW = 1, 1
	wider := image
	wider.KH, wider.KW, wider.PadTop, wider.PadLeft = 3, 3, 1, 1
	whole := Adaptive{8, 32, 32, 32, 1, 1}
	rows, thin := Norm{1, n / 64, 64, 64}, Norm{1, n / 4, 3, 3}
	images, broad := Norm{8, n / 512, 64, 8}, Norm{1, n / 2048, 2048, 2048}
	ofImages := Scaling{Mean: normals(512, 6), Inverse: normals(512, 7), Weight: normals(64, 8)}
	scaling := Scaling{Mean: normals(64, 6), Inverse: normals(64, 7), Weight: normals(64, 8), Bias: normals(64, 9), ReLU: true}
	square, column, wide := []int{512, 512}, []int{1, 0}, []int{512, 1}
	narrow, row, long := []int{4, 1}, []int{0, 1}, []int{n / 4, 4}
	labels, stats := indices(512, 512, 6), make([]Float, 2*512)
	CrossEntropy(x, labels, y, stats, 512)
	descents := []SGDStep{SGD(dst, x, z, .1, 0, 0, 0, true, true)}
	steps := []AdamStep{Adam(dst, x, z, w, .01, .9, .999, 1e-8, 0, .1, .001, true)}
	return []loopCase{
		{"Add", 3 * float, func() { Add.Apply(dst, x, y) }, dst},
		{"Div", 3 * float, func() { Div.Apply(dst, x, y) }, dst},
		{"Max", 3 * float, func() { Max.Apply(dst, x, y) }, dst},
		{"Greater", 3 * float, func() { Greater.Apply(dst, x, y) }, dst},
		{"Gate", 3 * float, func() { Gate.Apply(dst, x, y) }, dst},
		{"Add a row of 512", 2 * float, func() { Add.Broadcast(dst, x, y, square, wide, row) }, dst},
		{"Add a column", 2 * float, func() { Add.Broadcast(dst, x, y, square, wide, column) }, dst},
		{"Add a row of 4", 2 * float, func() { Add.Broadcast(dst, x, y, long, narrow, row) }, dst},
		{"Add a column to rows of 4", 2 * float, func() { Add.Broadcast(dst, x, y, long, narrow, column) }, dst},
		{"Affine", 2 * float, func() { Unary(Affine).Apply(dst, x, 2, 1) }, dst},
		{"ReLU", 2 * float, func() { Unary(ReLU).Apply(dst, x, 0, 0) }, dst},
		{"Exp", 2 * float, func() { Unary(Exp).Apply(dst, x, 0, 0) }, dst},
		{"Tanh", 2 * float, func() { Unary(Tanh).Apply(dst, x, 0, 0) }, dst},
		{"Sigmoid", 2 * float, func() { Unary(Sigmoid).Apply(dst, x, 0, 0) }, dst},
		{"GELU", 2 * float, func() { GELU.Apply(dst, x, 0, 0) }, dst},
		{"GELUGrad", 3 * float, func() { GELUGrad.Apply(dst, x, y, 0, 0) }, dst},
		{"Sin", 2 * float, func() { Sin.Apply(dst, x, 0, 0) }, dst},
		{"Power", 2 * float, func() { Unary(PowScalar).Apply(dst, x, 1.75, 0) }, dst},
		{"AddProduct", 4 * float, func() { copy(dst, y); AddProduct(dst, x, y) }, dst},
		{"Fill", float, func() { Fill(dst, 1) }, dst},
		{"Finite", float, func() { Finite(x) }, nil},
		{"Sum of all", float, func() { Sum(small, x, 1, n, 1) }, small[:1]},
		{"Sum of rows", float, func() { Sum(small, x, 512, 512, 1) }, small[:512]},
		{"Sum of columns", float, func() { Sum(small, x, 1, 512, 512) }, small[:512]},
		{"Sum of 16 columns", float, func() { Sum(small, x, 1, n/16, 16) }, small[:16]},
		{"Dot", 2 * float, func() { small[0] = Float(Dot(x, y)) }, small[:1]},
		{"MaxIndex of rows", float, func() { MaxIndex(small, index, x, 512, 512, 1, false) }, small[:512]},
		{"MaxIndex of columns", float, func() { MaxIndex(small, index, x, 1, 512, 512, false) }, small[:512]},
		{"CumSum", 2 * float, func() { CumSum(dst, x, 512, 512, 1, true) }, dst},
		{"Argsort", float, func() { Argsort(index, x, 64, 4096, true) }, nil},
		{"TopK", float, func() { TopK(index, x, 64, 4096, 100, false) }, nil},
		{"Softmax of 10", 2 * float, func() { Softmax(dst, x, n/16, 16) }, dst},
		{"Softmax of 512", 2 * float, func() { Softmax(dst, x, 512, 512) }, dst},
		{"LogSoftmax", 2 * float, func() { LogSoftmax(dst, x, 512, 512) }, dst},
		{"SoftmaxGrad", 3 * float, func() { SoftmaxGrad(dst, x, y, 512, 512) }, dst},
		{"LogSumExp", float, func() { LogSumExp(small, x, 512, 512) }, small[:512]},
		{"LogSoftmaxGrad", 3 * float, func() { LogSoftmaxGrad(dst, x, y, 512, 512) }, dst},
		{"CrossEntropy", float, func() { small[0] = Float(CrossEntropy(x, labels, y, stats, 512)) }, small[:1]},
		{"CrossEntropyGrad", 2 * float, func() { CrossEntropyGrad(dst, x, labels, y, stats, .5, 512) }, dst},
		{"Move: transpose", 2 * float, func() { Move(dst, 0, wide, x, 0, []int{1, 512}, square) }, dst},
		{"Move: transpose 64", 2 * float, func() {
			Move(dst, 0, []int{4096, 1}, x, 0, []int{1, 64}, []int{64, 4096})
		}, dst},
		{"Move: channels last", 2 * float, func() {
			Move(dst, 0, []int{3 << 14, 3 << 7, 3, 1}, x, 0, []int{3 << 14, 128, 1, 1 << 14}, []int{5, 128, 128, 3})
		}, dst},
		{"Move: heads", 2 * float, func() {
			Move(dst, 0, []int{65536, 8192, 64, 1}, x, 0, []int{65536, 64, 512, 1}, []int{4, 8, 128, 64})
		}, dst},
		{"GatherRows", 2 * float, func() { GatherRows(dst, x, order[:512], 512) }, dst},
		{"ScatterAddRows", 3 * float, func() { clear(dst); ScatterAddRows(dst, x, order[:512], 512) }, dst},
		{"GatherAxis", 3 * float, func() { GatherAxis(dst, x, order, 1, 512, 512, 512) }, dst},
		{"ScatterAddAxis", 3 * float, func() { clear(dst); ScatterAddAxis(dst, x, order, 1, 512, 512, 512) }, dst},
		{"Pool.Max 2×2", float, func() { image.Max(dst, index, x) }, dst[:n/4]},
		{"Pool.Max 3×3", float, func() { wider.Max(dst, index, x) }, dst[:n/4]},
		{"Pool.Average 2×2", float, func() { image.Average(dst, x, true) }, dst[:n/4]},
		{"Pool.AverageGrad 2×2", float, func() { image.AverageGrad(dst, x, true) }, dst},
		{"Pool.MaxGrad 2×2", float, func() { image.MaxGrad(dst, x, order) }, dst},
		{"Pool.MaxGrad 3×3", float, func() { wider.MaxGrad(dst, x, order) }, dst},
		{"AdaptiveAverage to 1×1", float, func() { whole.Average(small, x) }, small[:256]},
		{"Nearest ×2", float, func() { Nearest(dst, x, 2, 32, 32, 32, 64, 64) }, dst},
		{"NearestGrad ×2", float, func() { NearestGrad(dst, x, 2, 32, 32, 32, 64, 64) }, dst[:n/4]},
		{"Bilinear ×2", float, func() { Bilinear(dst, x, 2, 32, 32, 32, 64, 64, false) }, dst},
		{"BilinearGrad ×2", float, func() { BilinearGrad(dst, x, 2, 32, 32, 32, 64, 64, false) }, dst[:n/4]},
		{"Norm.Moments", float, func() { rows.Moments(small[:64], small[64:], x) }, small[:128]},
		{"Norm.Moments of 3 columns", float, func() { thin.Moments(small[:3], small[3:], x[:n/4*3]) }, small[:6]},
		{"Norm.Forward", 2 * float, func() { rows.Forward(dst, x, nil, &scaling) }, dst},
		{"Norm.Grad", 3 * float, func() { rows.Grad(dst, small[:64], small[64:128], nil, y, x, nil, &scaling, false) }, dst},
		{"Norm.Grad with a residual", 5 * float, func() {
			rows.Grad(dst, small[:64], small[64:128], z, y, x, w, &scaling, false)
		}, dst},
		{"Norm.Moments of images", float, func() { images.Moments(small[:512], small[512:1024], x) }, small[:1024]},
		{"Norm.Grad of images", 3 * float, func() { images.Grad(dst, small[:64], small[64:128], nil, y, x, nil, &ofImages, false) }, dst},
		{"Norm.Moments of 2048 columns", float, func() { broad.Moments(small[:2048], small[2048:], x) }, small},
		{"LayerNorm", 2 * float, func() { LayerNorm(dst, x, y, z, small, small[512:], 512, 512, 1) }, dst},
		{"LayerNormGrad", 3 * float, func() { LayerNormGrad(dst, small, small[512:], y, x, z, w, w[512:], 512, 512) }, dst},
		{"Uniform", float, func() { Uniform(dst, 7) }, dst},
		{"Normal", float, func() { Normal(dst, 7) }, dst},
		{"Bernoulli", float, func() { Bernoulli(dst, 7, .9, 1/.9) }, dst},
		{"AddScaled", 3 * float, func() { copy(dst, y); AddScaled(dst, x, .1) }, dst},
		{"SGD", 5 * float, func() { copy(dst, y); StepSGD(descents) }, dst},
		{"Adam", 7 * float, func() {
			copy(dst, y)
			Fill(z, 0)
			Fill(w, 0)
			StepAdam(steps)
		}, dst},
	}
}

func TestLoopsDoNotDependOnThreads(t *testing.T) {
	for _, c := range loopCases() {
		results := make([][]Float, 3)
		for i := range results {
			withThreads(t, i+1, func() { c.call() })
			results[i] = append(results[i], c.to...)
			compare(t, c.name, results[i], results[0], 0)
		}
	}
}

func TestLoopsDoNotAllocate(t *testing.T) {
	if raceEnabled {
		t.Skip("sync.Pool drops at random under the race detector")
	}
	for _, c := range loopCases() {
		if got := testing.AllocsPerRun(20, c.call); got >= 1 {
			t.Errorf("%s: %v allocations a call, want 0", c.name, got)
		}
	}
}

func BenchmarkLoops(b *testing.B) {
	for _, c := range loopCases() {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(c.bytes))
			b.ReportAllocs()
			for b.Loop() {
				c.call()
			}
		})
	}
}

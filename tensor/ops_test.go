package tensor

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestMain(m *testing.M) {
	Poison(true)
	os.Exit(m.Run())
}

// A row states one operation of the package, or one variant of it. Every check below holds for every row.
type row struct {
	name   string // the exported name, a slash, the variant
	shapes [][]int
	domain domain                    // nil: normal
	op     func(x []*Tensor) *Tensor // the operation
	naive  func(x []array) array     // what it computes, by index loops in float64
	fixed  []int                     // inputs by which it is not differentiated
	zero   bool                      // its derivative is zero: the result depends on no variable
	panics panics                    // misuse
	large  [][]int                   // shapes beyond a block or a piece of the kernels, for TestLarge and benchmarks
}

// panics are ways to call an operation wrongly, by the beginning of the message.
type panics map[string]func()

// table returns all rows.
func table() []row {
	return slices.Concat(elementwiseRows(), reduceRows(), softmaxRows(), matMulRows(), linearRows(), moveRows(), gatherRows(), convRows(),
		poolRows(), normRows(), recurrentRows(), attentionRows(), passRows())
}

// A domain draws the inputs of an operation: away from kinks, where it has a derivative.
type domain func(r *rand.Rand, xs [][]Float)

func drawn(f func(r *rand.Rand) float64) domain {
	return func(r *rand.Rand, xs [][]Float) {
		for _, x := range xs {
			for i := range x {
				x[i] = Float(f(r))
			}
		}
	}
}

var (
	normal   = drawn(func(r *rand.Rand) float64 { return .7 * r.NormFloat64() })
	positive = drawn(func(r *rand.Rand) float64 { return .5 + 1.5*r.Float64() })
	nonzero  = apart(0)
	halves   = drawn(func(r *rand.Rand) float64 { return float64(r.IntN(7)-3) + .25 + .5*r.Float64() }) // not whole
)

// apart keeps a distance from kinks.
func apart(kinks ...float64) domain {
	return drawn(func(r *rand.Rand) float64 {
		for {
			x := 1.2 * r.NormFloat64()
			if !slices.ContainsFunc(kinks, func(k float64) bool { return math.Abs(x-k) < .2 }) {
				return x
			}
		}
	})
}

// distinct draws numbers of which no two are close: there is one greatest.
func distinct(r *rand.Rand, xs [][]Float) {
	n := 0
	for _, x := range xs {
		n += len(x)
	}
	order, gap := r.Perm(n), min(.2, 10/Float(n))
	for _, x := range xs {
		for i := range x {
			x[i] = Float(order[0]-n/2) * gap
			order = order[1:]
		}
	}
}

// double says that this is the build in which derivatives are proved.
const double = Float(1+1e-12) != 1

// tolerance is the error allowed, relative to the greatest number of a tensor.
func tolerance(double64, single float64) float64 {
	if double {
		return double64
	}
	return single
}

func (r *row) random() *rand.Rand { return rand.New(rand.NewPCG(uint64(len(r.name)), 7)) }

// inputs draws parameters for the row; those that are fixed are constants.
func (r *row) inputs(random *rand.Rand, shapes [][]int) []*Tensor {
	xs, data := make([]*Tensor, len(shapes)), make([][]Float, len(shapes))
	for i, s := range shapes {
		xs[i] = New(s...)
		xs[i].tracked = !slices.Contains(r.fixed, i)
		data[i] = xs[i].data
	}
	draw := r.domain
	if draw == nil {
		draw = normal
	}
	draw(random, data)
	return xs
}

// A manner is a way to hand parameters to an operation.
type manner struct {
	name   string
	params []*Tensor
	inPass func(i int) bool // which are brought into the pass; others stay on the heap
}

// manners returns the ways in which a row is tried: all operands in the pass, only one of them, and one tensor for all of
// them.
func (r *row) manners() []manner {
	params := r.inputs(r.random(), r.shapes)
	ms := []manner{{"in the pass", params, func(int) bool { return true }}}
	if len(params) == 1 {
		return ms
	}
	for only := range params {
		name := fmt.Sprintf("operand %d in the pass", only)
		ms = append(ms, manner{name, params, func(i int) bool { return i == only }})
	}
	for _, s := range r.shapes {
		if r.fixed != nil || !slices.Equal(s, r.shapes[0]) {
			return ms
		}
	}
	same := slices.Repeat(r.inputs(r.random(), r.shapes[:1]), len(params))
	return append(ms, manner{"one tensor as all operands", same, func(int) bool { return true }})
}

// bring hands the parameters to a pass.
func (m *manner) bring(p *Pass) []*Tensor {
	xs := slices.Clone(m.params)
	used := map[*Tensor]*Tensor{}
	for i, w := range m.params {
		if m.inPass(i) {
			if used[w] == nil {
				used[w] = p.Use(w)
			}
			xs[i] = used[w]
		}
	}
	return xs
}

// loss puts a nonlinearity behind the result, so that linear operations have a second derivative to check, and weighs it,
// so that errors do not cancel: Σ wᵢ·sin(yᵢ + 0.7).
func loss(y *Tensor) *Tensor {
	w := y.pass.makeDims(y.shape())
	for i := range w.data {
		w.data[i] = Float(weight(i))
	}
	return y.Shift(.7).Sin().Mul(w).Sum()
}

func naiveLoss(y array) (sum float64) {
	for i, v := range y.data {
		sum += weight(i) * math.Sin(v+.7)
	}
	return sum
}

func weight(i int) float64 { return 1 + .5*math.Cos(float64(3*i+1)) }

// directional returns Σ direction·gradients.
func directional(p *Pass, gs, directions []*Tensor) *Tensor {
	sum := p.Zeros()
	for i, g := range gs {
		if g != nil {
			sum = sum.Add(g.Mul(directions[i]).Sum())
		}
	}
	return sum
}

func zeros(shape []int) array { return build(shape, func([]int) float64 { return 0 }) }

// number returns the numbers of a tensor for the formulas.
func number(x *Tensor) array {
	a := zeros(x.Shape())
	for i, v := range x.Data() {
		a.data[i] = float64(v)
	}
	return a
}

// gradientOf does so for a gradient by x; a nil one is zero.
func gradientOf(g, x *Tensor) array {
	if g == nil {
		return zeros(x.Shape())
	}
	return number(g)
}

// numbers does so for all of xs; what is one tensor stays one array.
func numbers(xs []*Tensor) []array {
	as := make([]array, len(xs))
	for i, x := range xs {
		if k := slices.Index(xs, x); k < i {
			as[i] = as[k]
		} else {
			as[i] = number(x)
		}
	}
	return as
}

// compare fails if got is not want within the error allowed.
func compare(t *testing.T, what string, got, want array, allowed float64) {
	t.Helper()
	if !slices.Equal(got.shape, want.shape) {
		t.Fatalf("%s has shape %v, want %v", what, got.shape, want.shape)
	}
	scale := .1
	for _, v := range want.data {
		scale = max(scale, math.Abs(v))
	}
	for i, v := range got.data {
		same := v == want.data[i] || math.IsNaN(v) && math.IsNaN(want.data[i])
		if d := math.Abs(v - want.data[i]); !same && !(d <= allowed*scale) {
			t.Errorf("%s[%d] = %.9g, want %.9g", what, i, v, want.data[i])
			return
		}
	}
}

// differences returns the derivative of f by every element of xs, by four points.
func differences(f func() float64, xs []array) []array {
	const h = 1e-3
	ds := make([]array, len(xs))
	for i, x := range xs {
		ds[i] = zeros(x.shape)
		for j, at := range x.data {
			value := func(k float64) float64 {
				x.data[j] = at + k*h
				return f()
			}
			ds[i].data[j] = (8*(value(1)-value(-1)) - (value(2) - value(-2))) / (12 * h)
			x.data[j] = at
		}
	}
	return ds
}

// forRows makes a subtest of every row.
func forRows(t *testing.T, f func(t *testing.T, r *row)) {
	for _, r := range table() {
		t.Run(r.name, func(t *testing.T) { f(t, &r) })
	}
}

// forManners makes a subtest of every way to call a row that has a derivative.
func forManners(t *testing.T, f func(t *testing.T, r *row, m *manner)) {
	if testing.Short() {
		t.Skip("derivatives are left to the run without -short")
	}
	forRows(t, func(t *testing.T, r *row) {
		for _, m := range r.manners() {
			if !r.zero {
				t.Run(m.name, func(t *testing.T) { f(t, r, &m) })
			}
		}
	})
}

// TestValue compares every operation with its formula: in a pass that records, in one that does not, and on the heap.
func TestValue(t *testing.T) {
	forRows(t, func(t *testing.T, r *row) {
		m := r.manners()[0]
		want := r.naive(numbers(m.params))
		allowed := tolerance(1e-12, 2e-6)
		for _, p := range []*Pass{Training(r.random()), Inference()} {
			y := r.op(m.bring(p))
			compare(t, "value", number(y), want, allowed)
			if y.pass != p {
				t.Errorf("the result does not belong to the pass of the operands")
			}
			if tracked := p.record && !r.zero; y.tracked != tracked {
				t.Errorf("tracked = %v, want %v", y.tracked, tracked)
			}
			p.End()
		}
		for _, w := range m.params {
			w.tracked = false
		}
		if !r.needsPass() {
			compare(t, "value on the heap", number(r.op(m.params)), want, allowed)
		}
	})
}

// TestGradient compares the gradient of every operation with differences of its formula. Grad must record nothing and
// leave no memory but that of the results.
func TestGradient(t *testing.T) {
	forManners(t, func(t *testing.T, r *row, m *manner) {
		naive := numbers(m.params)
		want := differences(func() float64 { return naiveLoss(r.naive(naive)) }, naive)
		p := Training(r.random())
		defer p.End()
		l := loss(r.op(m.bring(p)))
		ops, blocks := len(p.m.ops), len(p.m.blocks)
		by := m.trained()
		check := func(name string, gs []*Tensor) {
			for i, g := range gs {
				w := want[slices.Index(m.params, by[i])]
				compare(t, fmt.Sprintf("%s %d", name, i), gradientOf(g, by[i]), w, tolerance(1e-8, 1e-5))
			}
		}
		gs := Grad(l, by...)
		check("gradient", gs)
		if len(p.m.ops) != ops {
			t.Errorf("Grad recorded %d operations", len(p.m.ops)-ops)
		}
		for i := blocks; i < len(p.m.blocks); i++ {
			result := slices.ContainsFunc(gs, func(g *Tensor) bool { return g != nil && g.block == int32(i) })
			if b := p.m.blocks[i]; !b.freed && !result {
				t.Errorf("Grad left a temporary of %d numbers", len(b.mem))
			}
		}
		check("gradient by the composition", GradGraph(l, by...))
	})
}

// trained returns the parameters by which to differentiate, each once.
func (m *manner) trained() (ws []*Tensor) {
	for _, w := range m.params {
		if w.tracked && !slices.Contains(ws, w) {
			ws = append(ws, w)
		}
	}
	return ws
}

// TestSecondDerivative compares the gradient of (gradient · direction) with differences of the gradient in that direction.
// Grad takes the kernels of fused operations and GradGraph their compositions, so that both are compared as well.
func TestSecondDerivative(t *testing.T) {
	forManners(t, func(t *testing.T, r *row, m *manner) { r.checkOrder(t, m, 2, tolerance(1e-8, 2e-3)) })
}

// TestThirdDerivative does the same once more.
func TestThirdDerivative(t *testing.T) {
	forManners(t, func(t *testing.T, r *row, m *manner) { r.checkOrder(t, m, 3, tolerance(1e-7, 1e-2)) })
}

func (r *row) checkOrder(t *testing.T, m *manner, order int, allowed float64) {
	by, random := m.trained(), r.random()
	directions := make([]*Tensor, len(by))
	for i, w := range by {
		directions[i] = New(w.Shape()...)
		drawn(func(*rand.Rand) float64 { return 2*random.Float64() - 1 })(random, [][]Float{directions[i].data})
	}
	h := tolerance(1e-3, .02)
	at := numbers(by)
	moved := func(k float64) []array {
		for i, w := range by {
			for j := range w.data {
				w.Edit()[j] = Float(at[i].data[j] + k*h*float64(directions[i].data[j]))
			}
		}
		return r.derivative(m, order-1, directions)
	}
	a, b, c, d := moved(-2), moved(-1), moved(1), moved(2)
	moved(0)
	for i, got := range r.derivative(m, order, directions) {
		want := zeros(got.shape)
		for j := range want.data {
			want.data[j] = (8*(c[i].data[j]-b[i].data[j]) - (d[i].data[j] - a[i].data[j])) / (12 * h)
		}
		compare(t, fmt.Sprintf("derivative %d of order %d", i, order), got, want, allowed)
	}
}

// derivative returns the derivative of an order by all parameters, taken in the directions given all times but the last.
func (r *row) derivative(m *manner, order int, directions []*Tensor) []array {
	p := Training(r.random())
	defer p.End()
	by := m.trained()
	l := loss(r.op(m.bring(p)))
	for range order - 1 {
		if l.tracked {
			l = directional(p, GradGraph(l, by...), directions)
		}
	}
	gs := make([]*Tensor, len(by))
	if l.tracked {
		gs = Grad(l, by...)
	}
	as := make([]array, len(by))
	for i, g := range gs {
		as[i] = gradientOf(g, by[i])
	}
	return as
}

// TestLarge compares values of a size that the kernels cut in pieces with the formula, and all gradients at once: their
// product with a direction is the slope of the formula in that direction.
func TestLarge(t *testing.T) {
	if testing.Short() {
		t.Skip("the formulas are slow under the race detector")
	}
	for _, r := range table() {
		if r.large != nil {
			t.Run(r.name, func(t *testing.T) { r.checkLarge(t) })
		}
	}
}

func (r *row) checkLarge(t *testing.T) {
	random := r.random()
	m := manner{params: r.inputs(random, r.large), inPass: func(int) bool { return true }}
	p := Training(random)
	defer p.End()
	y := r.op(m.bring(p))
	naive := numbers(m.params)
	compare(t, "value", number(y), r.naive(naive), tolerance(1e-12, 1e-5))
	if r.zero {
		return
	}
	const h = 1e-5
	var slope, product, size float64
	moves := []float64{-2 * h, 3 * h, -2 * h, 3 * h} // to −2h, h, −h, 2h
	weights := []float64{1, 8, -8, -1}
	by := m.trained()
	gs := Grad(loss(y), by...)
	directions := make([][]float64, len(by))
	for i, w := range by {
		g := gradientOf(gs[i], w)
		directions[i] = make([]float64, w.Len())
		for j := range directions[i] {
			d := 2*random.Float64() - 1
			directions[i][j] = d
			product += d * g.data[j]
			size += math.Abs(d * g.data[j])
		}
	}
	for k, move := range moves {
		for i, w := range by {
			x := naive[slices.Index(m.params, w)]
			for j, d := range directions[i] {
				x.data[j] += move * d
			}
		}
		slope += weights[k] * naiveLoss(r.naive(naive)) / (12 * h)
	}
	if allowed := tolerance(1e-7, 1e-5) * (size + 1); !(math.Abs(product-slope) <= allowed) {
		t.Errorf("gradient·direction = %v, want %v", product, slope)
	}
}

// TestPanics calls every operation wrongly.
func TestPanics(t *testing.T) {
	forRows(t, func(t *testing.T, r *row) { r.panics.check(t) })
}

// check calls every function.
func (ps panics) check(t *testing.T) {
	t.Helper()
	for want, f := range ps {
		mustPanic(t, "tensor: "+want, f)
	}
}

// mustPanic fails unless f panics with a message that begins with want.
func mustPanic(t *testing.T, want string, f func()) {
	t.Helper()
	if got := panicOf(f); !strings.HasPrefix(got, want) {
		t.Errorf("panic %q, want %q", got, want)
	}
}

// panicOf returns what f panics with.
func panicOf(f func()) (message string) {
	defer func() { message = fmt.Sprint(recover()) }()
	f()
	return ""
}

// needsPass tells whether the operation is one of a pass, which the heap does not have.
func (r *row) needsPass() bool {
	return slices.Contains([]string{"Lookup", "Use", "Scope", "Sequence"}, r.operation())
}

// operation returns the exported name.
func (r *row) operation() string {
	name, _, _ := strings.Cut(r.name, "/")
	return name
}

// notOperations return tensors, but compute nothing that has a derivative.
var notOperations = []string{
	"New", "Of", "Param", "Empty", "Zeros", "Full", "Values", "Normal", "Uniform", "Bernoulli", // made of no tensor
	"Input", "Var", "Clone", "Detach", // constants and variables
	"Detached", "Grad", "GradGraph", // of passes
	"G", "X", "Y", // what a VJP sees
}

// TestTableComplete fails for an exported operation without a row, and for a row without an operation.
func TestTableComplete(t *testing.T) {
	paths, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	exported := slices.Clone(notOperations)
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Name.IsExported() && returnsTensor(f) {
				exported = append(exported, f.Name.Name)
			}
		}
	}
	rows := slices.Clone(notOperations)
	for _, r := range table() {
		rows = append(rows, r.operation())
		if !slices.Contains(exported, r.operation()) {
			t.Errorf("row %s is of no exported operation", r.name)
		}
	}
	for _, name := range exported {
		if !slices.Contains(rows, name) {
			t.Errorf("operation %s has no row in the table", name)
		}
	}
}

func returnsTensor(f *ast.FuncDecl) bool {
	if f.Type.Results == nil {
		return false
	}
	for _, result := range f.Type.Results.List {
		typ := result.Type
		if list, ok := typ.(*ast.ArrayType); ok {
			typ = list.Elt
		}
		if star, ok := typ.(*ast.StarExpr); ok && fmt.Sprint(star.X) == "Tensor" {
			return true
		}
	}
	return false
}

// BenchmarkOps measures every operation, and its gradient where it has one.
func BenchmarkOps(b *testing.B) {
	Poison(false)
	defer Poison(true)
	for _, r := range table() {
		shapes := r.large
		if shapes == nil {
			shapes = r.shapes
		}
		m := manner{params: r.inputs(r.random(), shapes), inPass: func(int) bool { return true }}
		b.Run(r.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				p := Inference()
				r.op(m.bring(p))
				p.End()
			}
		})
		if r.zero {
			continue
		}
		by, random := m.trained(), r.random()
		b.Run(r.name+"/gradient", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				p := Training(random)
				Grad(r.op(m.bring(p)).Sum(), by...)
				p.End()
			}
		})
	}
}

package nn

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/hadal-go/hadal/internal/fixture"
	"github.com/hadal-go/hadal/tensor"
)

// A recurrentCase is a layer with what it makes of x and of the state before the first step.
type recurrentCase struct {
	layer any
	run   func(x *tensor.Tensor, state []*tensor.Tensor) (results []*tensor.Tensor)
}

// torchRecurrent are the recurrent layers of the cases in nn.safetensors.
var torchRecurrent = map[string]*recurrentCase{
	"lstm":         lstmCase(NewLSTM(source(), 3, 4)),
	"lstm_no_bias": lstmCase(NewLSTM(source(), 2, 3).NoBias()),
	"gru":          gruCase(NewGRU(source(), 3, 4)),
	"gru_no_bias":  gruCase(NewGRU(source(), 2, 3).NoBias()),
	"rnn":          rnnCase(NewRNN(source(), 3, 4)),
	"rnn_relu":     rnnCase(&RNN{Recurrent: NewRNN(source(), 3, 4).NoBias().Recurrent, ReLU: true}),

	"forget_gate":    cellCase(NewForgetGate(source(), 3, 4)),
	"reset_gru":      cellCase(NewResetGRU(source(), 3, 4)),
	"peephole_lstm":  cellCase(NewPeepholeLSTM(source(), 3, 4)),
	"coupled_lstm":   cellCase(NewCoupledLSTM(source(), 3, 4)),
	"norm_lstm":      cellCase(NewNormLSTM(source(), 3, 4)),
	"projected_lstm": projectedCase(NewProjectedLSTM(source(), 3, 4, 2)),
}

func cellCase(l Cell) *recurrentCase {
	return &recurrentCase{l, func(x *tensor.Tensor, state []*tensor.Tensor) []*tensor.Tensor {
		y, last := l.Run(x, state)
		return append([]*tensor.Tensor{y}, last...)
	}}
}

// projectedCase has a hidden state of two features, the first of those in the file.
func projectedCase(l *ProjectedLSTM) *recurrentCase {
	return &recurrentCase{l, func(x *tensor.Tensor, state []*tensor.Tensor) []*tensor.Tensor {
		y, last := l.Run(x, []*tensor.Tensor{state[0].Slice(1, 0, 2), state[1]})
		return append([]*tensor.Tensor{y}, last...)
	}}
}

func lstmCase(l *LSTM) *recurrentCase {
	return &recurrentCase{l, func(x *tensor.Tensor, state []*tensor.Tensor) []*tensor.Tensor {
		y, last := l.Forward(x, LSTMState{state[0], state[1]})
		return []*tensor.Tensor{y, last.H, last.C}
	}}
}

func gruCase(l *GRU) *recurrentCase {
	return &recurrentCase{l, func(x *tensor.Tensor, state []*tensor.Tensor) []*tensor.Tensor {
		y, last := l.Forward(x, state[0])
		return []*tensor.Tensor{y, last}
	}}
}

func rnnCase(l *RNN) *recurrentCase {
	return &recurrentCase{l, func(x *tensor.Tensor, state []*tensor.Tensor) []*tensor.Tensor {
		y, last := l.Forward(x, state[0])
		return []*tensor.Tensor{y, last}
	}}
}

func TestRecurrentAgainstTorch(t *testing.T) {
	f := fixture.Open(t, "nn.safetensors")
	for name, r := range torchRecurrent {
		t.Run(name, func(t *testing.T) {
			c := torchCase{t, f, name}
			leaves := c.load(r.layer)
			p := tensor.Training(source())
			defer p.End()
			x := p.Var(c.tensor("x"))
			var state []*tensor.Tensor
			for _, n := range []string{"h0", "c0"} {
				if f.Has(name + "/" + n) {
					s := p.Var(c.tensor(n))
					state, leaves = append(state, s), append(leaves, Leaf{Name: n, Tensor: s})
				}
			}
			results := r.run(x, state)
			for i, y := range results {
				results[i] = y.Reshape(-1)
			}
			y := tensor.Concat(0, results...)
			c.close("y", y)
			c.derivatives(x, y, leaves)
		})
	}
}

// A sequence in two parts, with the state carried over, is the sequence.
func TestRecurrentState(t *testing.T) {
	r := source()
	x := normal(r, 3, 7, 5)
	l, g, e := NewLSTM(r, 5, 6), NewGRU(r, 5, 6), NewRNN(r, 5, 6)
	p := tensor.Inference()
	defer p.End()
	in := p.Input(x)
	first, second := in.Slice(1, 0, 4), in.Slice(1, 4, 7)
	check := func(name string, whole *tensor.Tensor, parts ...*tensor.Tensor) {
		t.Helper()
		if got := tensor.Concat(1, parts...); !slices.Equal(got.Data(), whole.Data()) {
			t.Errorf("%s in two parts gives other numbers", name)
		}
	}
	whole, _ := l.Forward(in, l.Zero(p, 3))
	y1, s := l.Forward(first, l.Zero(p, 3))
	y2, _ := l.Forward(second, s)
	check("an LSTM", whole, y1, y2)
	whole, _ = g.Forward(in, g.Zero(p, 3))
	y1, h := g.Forward(first, g.Zero(p, 3))
	y2, _ = g.Forward(second, h)
	check("a GRU", whole, y1, y2)
	whole, _ = e.Forward(in, e.Zero(p, 3))
	y1, h = e.Forward(first, e.Zero(p, 3))
	y2, _ = e.Forward(second, h)
	check("an RNN", whole, y1, y2)
}

// lastOutput is a model with a recurrent layer: the scores of a sequence by its last hidden state.
type lastOutput struct {
	RNN    *LSTM `nn:"rnn"`
	Output *Linear
}

func (m *lastOutput) Forward(x *tensor.Tensor) *tensor.Tensor {
	_, last := m.RNN.Forward(x, m.RNN.Zero(x.Pass(), x.Dim(0)))
	return m.Output.Forward(last.H)
}

func TestRecurrentLeaves(t *testing.T) {
	m := &lastOutput{NewLSTM(source(), 3, 4), NewLinear(source(), 4, 2)}
	var names []string
	for l := range Leaves(m) {
		names = append(names, l.Name)
	}
	want := []string{"rnn.weight_ih_l0", "rnn.weight_hh_l0", "rnn.bias_ih_l0", "rnn.bias_hh_l0", "output.weight", "output.bias"}
	if !slices.Equal(names, want) {
		t.Errorf("leaves %v, want %v", names, want)
	}
	var file bytes.Buffer
	if err := Save(&file, m); err != nil {
		t.Fatal(err)
	}
	other := &lastOutput{NewLSTM(source(), 3, 4), NewLinear(source(), 4, 2)}
	Apply(other, func(w *tensor.Tensor) { Constant(w, 0) })
	if err := Load(bytes.NewReader(file.Bytes()), int64(file.Len()), other); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(other.RNN.WeightHH.Data(), m.RNN.WeightHH.Data()) {
		t.Error("loaded other weights than were saved")
	}

	s := Summarize(m, []int{2, 5, 3})
	if want := 2*5*(16*3+16*4) + 2*4*2; s.MACs != want {
		t.Errorf("MACs = %d, want %d", s.MACs, want)
	}
	row := s.Rows[slices.IndexFunc(s.Rows, func(r SummaryRow) bool { return r.Layer == "rnn" })]
	if !reflect.DeepEqual(row.Output, []int{2, 5, 4}) || row.Parameters != 16*3+16*4+2*16 {
		t.Errorf("the row of the LSTM is %+v", row)
	}
}

// BenchmarkRecurrent runs layers through 20 sequences of 35 steps, with as many features as units.
func BenchmarkRecurrent(b *testing.B) {
	tensor.Poison(false)
	defer tensor.Poison(true)
	type forward func(x *tensor.Tensor) *tensor.Tensor
	for _, hidden := range []int{200, 650} {
		r := source()
		x := normal(r, 20, 35, hidden)
		lstm, gru, rnn := NewLSTM(r, hidden, hidden), NewGRU(r, hidden, hidden), NewRNN(r, hidden, hidden)
		for _, v := range []struct {
			name  string
			layer any
			run   forward
		}{
			{"LSTM", lstm, func(x *tensor.Tensor) *tensor.Tensor { y, _ := lstm.Forward(x, lstm.Zero(x.Pass(), 20)); return y }},
			{"GRU", gru, func(x *tensor.Tensor) *tensor.Tensor { y, _ := gru.Forward(x, gru.Zero(x.Pass(), 20)); return y }},
			{"RNN", rnn, func(x *tensor.Tensor) *tensor.Tensor { y, _ := rnn.Forward(x, rnn.Zero(x.Pass(), 20)); return y }},
		} {
			weights := Params(v.layer)
			b.Run(fmt.Sprintf("%s/H=%d/forward", v.name, hidden), func(b *testing.B) {
				for b.Loop() {
					p := tensor.Inference()
					v.run(p.Input(x))
					p.End()
				}
			})
			b.Run(fmt.Sprintf("%s/H=%d/gradient", v.name, hidden), func(b *testing.B) {
				for b.Loop() {
					p := tensor.Training(r)
					in := p.Var(x)
					tensor.Grad(v.run(in).Sum(), append(slices.Clone(weights), in)...)
					p.End()
				}
			})
		}
	}
}

// BenchmarkGenerate runs layers through one step of one sequence.
func BenchmarkGenerate(b *testing.B) {
	tensor.Poison(false)
	defer tensor.Poison(true)
	for _, hidden := range []int{200, 650} {
		r := source()
		x, lstm := normal(r, 1, 1, hidden), NewLSTM(r, hidden, hidden)
		h, c := tensor.New(1, hidden), tensor.New(1, hidden)
		b.Run(fmt.Sprintf("LSTM/H=%d", hidden), func(b *testing.B) {
			for b.Loop() {
				p := tensor.Inference()
				_, last := lstm.Forward(p.Input(x), LSTMState{h, c})
				h.Set(last.H)
				c.Set(last.C)
				p.End()
			}
		})
	}
}

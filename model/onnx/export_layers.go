package onnx

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hadal-go/hadal/tensor"
)

func exportConv(e *exporter, o tensor.Operation) error {
	x, w, y := o.Inputs[0], o.Inputs[1], o.Outputs[0]
	inputs := []string{e.in(x, channelsFirst(4)), e.in(w, []int{3, 2, 0, 1})}
	if len(o.Inputs) > 2 {
		inputs = append(inputs, e.plain(o.Inputs[2]))
	}
	strides, dilations, before := o.Attributes["strides"].([]int), o.Attributes["dilations"].([]int), o.Attributes["pads"].([]int)
	pads := slices.Clone(before)
	for i := range 2 { // behind, as far as the last place of the kernel reaches
		pads = append(pads, max(0, (y.Dim(1+i)-1)*strides[i]+dilations[i]*(w.Dim(i)-1)+1-x.Dim(1+i)-before[i]))
	}
	name := e.emit("Conv", inputs, "", attributesOf("kernel_shape", w.Shape()[:2], "strides", strides, "dilations", dilations, "pads", pads,
		"group", o.Attributes["groups"])...)
	if o.Name == "Conv2DReLU" {
		name = e.emit("Relu", []string{name}, "")
	}
	e.out(y, name, channelsFirst(4))
	return nil
}

func exportPool(e *exporter, o tensor.Operation) error {
	x, y := o.Inputs[0], o.Outputs[0]
	kernel, strides, pads := o.Attributes["kernel"].([]int), o.Attributes["strides"].([]int), o.Attributes["pads"].([]int)
	dilations := o.Attributes["dilations"].([]int)
	attributes := attributesOf("kernel_shape", kernel, "strides", strides, "pads", pads)
	for i := range 2 {
		if span := dilations[i]*(kernel[i]-1) + 1; (x.Dim(1+i)+pads[i]+pads[2+i]-span)/strides[i]+1 < y.Dim(1+i) {
			attributes = append(attributes, attribute("ceil_mode", 1))
			break
		}
	}
	op := "MaxPool"
	if o.Name == "AvgPool2D" {
		op = "AveragePool"
		if o.Attributes["padding"].(bool) {
			attributes = append(attributes, attribute("count_include_pad", 1))
		}
	} else {
		attributes = append(attributes, attribute("dilations", dilations))
	}
	e.out(y, e.emit(op, []string{e.in(x, channelsFirst(4))}, "", attributes...), channelsFirst(4))
	return nil
}

// exportAdaptive makes an export of the pooling to one place, or to parts of one size.
func exportAdaptive(global string) export {
	return func(e *exporter, o tensor.Operation) error {
		x, y := o.Inputs[0], o.Outputs[0]
		in, order := e.in(x, channelsFirst(4)), channelsFirst(4)
		h, w, oh, ow := x.Dim(1), x.Dim(2), y.Dim(1), y.Dim(2)
		switch {
		case oh == 1 && ow == 1:
			e.out(y, e.emit(global, []string{in}, ""), order)
		case h == oh && w == ow:
			e.out(y, e.emit("Identity", []string{in}, ""), order)
		case h%oh == 0 && w%ow == 0:
			part := []int{h / oh, w / ow}
			e.out(y, e.emit(strings.TrimPrefix(global, "Global"), []string{in}, "", attributesOf("kernel_shape", part, "strides", part)...), order)
		default:
			return fmt.Errorf("an image of %d×%d is not cut into %d×%d equal parts, which ONNX cannot express", h, w, oh, ow)
		}
		return nil
	}
}

// exportNormalize writes a batch normalization by fixed statistics: the layer's own where they are found beside its weight.
func exportNormalize(e *exporter, o tensor.Operation) error {
	x, y := o.Inputs[0], o.Outputs[0]
	if !o.Attributes["fixed"].(bool) || x.Rank() < 2 {
		return fmt.Errorf("only normalizations of a batch, by fixed statistics, are written")
	}
	channels := x.Dim(-1)
	get := func(which string, fill float32) string {
		if i := o.Attributes[which].(int); i > 0 {
			return e.plain(o.Inputs[i])
		}
		return e.numbers([]int{channels}, slices.Repeat([]float32{fill}, channels)...)
	}
	eps := o.Attributes["eps"].(tensor.Float)
	inputs := []string{e.in(x, channelsFirst(x.Rank())), get("weight", 1), get("bias", 0)}
	mean, variance := e.byName[e.layer+".running_mean"], e.byName[e.layer+".running_var"]
	if mean != nil && variance != nil && mean.Len() == channels && variance.Len() == channels {
		inputs = append(inputs, e.plain(mean), e.plain(variance))
	} else {
		var means, variances []float32
		for i, v := range o.Attributes["inverse"].(*tensor.Tensor).Data() {
			means = append(means, float32(o.Attributes["mean"].(*tensor.Tensor).Data()[i]))
			variances = append(variances, float32(1/(float64(v)*float64(v))-float64(eps)))
		}
		inputs = append(inputs, e.numbers([]int{channels}, means...), e.numbers([]int{channels}, variances...))
	}
	name := e.emit("BatchNormalization", inputs, "", attribute("epsilon", eps))
	if i := o.Attributes["residual"].(int); i > 0 {
		name = e.emit("Add", []string{name, e.in(o.Inputs[i], channelsFirst(x.Rank()))}, "")
	}
	switch {
	case o.Attributes["relu"].(bool):
		name = e.emit("Relu", []string{name}, "")
	case o.Attributes["relu6"].(bool):
		name = e.clip(name, 0, 6)
	}
	e.out(y, name, channelsFirst(x.Rank()))
	return nil
}

func exportLayerNorm(e *exporter, o tensor.Operation) error {
	x, axes := o.Inputs[0], o.Attributes["axes"].(int)
	shape := x.Shape()[x.Rank()-axes:]
	inputs := []string{e.plain(x)}
	if i := o.Attributes["weight"].(int); i > 0 {
		inputs = append(inputs, e.plain(o.Inputs[i]))
	} else {
		inputs = append(inputs, e.numbers(shape, slices.Repeat([]float32{1}, size(shape))...))
	}
	if i := o.Attributes["bias"].(int); i > 0 {
		inputs = append(inputs, e.plain(o.Inputs[i]))
	}
	e.out(o.Outputs[0], e.emit("LayerNormalization", inputs, "", attributesOf("axis", -axes, "epsilon", o.Attributes["eps"])...), nil)
	return nil
}

// exportLinear writes a Gemm for rows, and a product of matrices for more axes.
func exportLinear(e *exporter, o tensor.Operation) error {
	x, w := o.Inputs[0], o.Inputs[1]
	inputs := []string{e.plain(x), e.plain(w)}
	if len(o.Inputs) > 2 {
		inputs = append(inputs, e.plain(o.Inputs[2]))
	}
	var name string
	if x.Rank() == 2 {
		name = e.emit("Gemm", inputs, "", attribute("transB", 1))
	} else {
		turned := e.emit("Transpose", inputs[1:2], "", attribute("perm", []int{1, 0}))
		name = e.emit("MatMul", []string{inputs[0], turned}, "")
		if len(inputs) > 2 {
			name = e.emit("Add", []string{name, inputs[2]}, "")
		}
	}
	if o.Name == "LinearReLU" {
		name = e.emit("Relu", []string{name}, "")
	}
	e.out(o.Outputs[0], name, nil)
	return nil
}

// exportAttention writes attention as products of matrices and a softmax.
func exportAttention(e *exporter, o tensor.Operation) error {
	filled := o.Attributes["filled"].(int) == o.Inputs[1].Dim(1)
	if o.Attributes["causal"].(bool) || o.Attributes["lengths"].([]int) != nil || !filled {
		return fmt.Errorf("attention that does not see everything is not written")
	}
	heads := o.Attributes["heads"].(int)
	split := func(x *tensor.Tensor, perm ...int) string {
		shape := e.sizes(x.Dim(0), x.Dim(1), heads, x.Dim(2)/heads)
		return e.emit("Transpose", []string{e.emit("Reshape", []string{e.plain(x), shape}, "")}, "", attribute("perm", perm))
	}
	q, k, v := split(o.Inputs[0], 0, 2, 1, 3), split(o.Inputs[1], 0, 2, 3, 1), split(o.Inputs[2], 0, 2, 1, 3)
	scores := e.emit("Mul", []string{e.emit("MatMul", []string{q, k}, ""), e.scalar(float64(o.Attributes["scale"].(tensor.Float)))}, "")
	mixed := e.emit("MatMul", []string{e.emit("Softmax", []string{scores}, "", attribute("axis", -1)), v}, "")
	joined := e.emit("Transpose", []string{mixed}, "", attribute("perm", []int{0, 2, 1, 3}))
	e.out(o.Outputs[0], e.emit("Reshape", []string{joined, e.sizes(o.Outputs[0].Shape()...)}, ""), nil)
	return nil
}

// exportReshape takes the value in whatever order it lies in, if that differs by axes of length 1 only.
func exportReshape(e *exporter, o tensor.Operation) error {
	x := o.Inputs[0]
	name := ""
	if v, ok := e.sent[x]; ok {
		last, moved := -1, false
		for _, a := range v.order {
			if x.Dim(a) != 1 {
				moved = moved || a < last
				last = a
			}
		}
		if !moved {
			name = v.name
		}
	}
	if name == "" {
		name = e.plain(x)
	}
	e.out(o.Outputs[0], e.emit("Reshape", []string{name, e.sizes(o.Outputs[0].Shape()...)}, ""), nil)
	return nil
}

// exportPermute writes nothing: the value has another order now.
func exportPermute(e *exporter, o tensor.Operation) error {
	axes, order := o.Attributes["axes"].([]int), slices.Clone(e.orderOf(o.Inputs[0]))
	name := e.in(o.Inputs[0], order)
	for i, a := range order {
		order[i] = slices.Index(axes, a)
	}
	e.out(o.Outputs[0], name, order)
	return nil
}

func exportConcat(e *exporter, o tensor.Operation) error {
	order := e.orderOf(o.Inputs[0])
	var inputs []string
	for _, x := range o.Inputs {
		inputs = append(inputs, e.in(x, order))
	}
	axis := slices.Index(order, o.Attributes["axis"].(int))
	e.out(o.Outputs[0], e.emit("Concat", inputs, "", attribute("axis", axis)), order)
	return nil
}

func exportSplit(e *exporter, o tensor.Operation) error {
	at := 0
	for _, y := range o.Outputs {
		exportPart(e, o, y, at)
		at += y.Dim(o.Attributes["axis"].(int))
	}
	return nil
}

func exportSlice(e *exporter, o tensor.Operation) error {
	exportPart(e, o, o.Outputs[0], o.Attributes["before"].(int))
	return nil
}

// exportPart writes that y is the input from a place on.
func exportPart(e *exporter, o tensor.Operation, y *tensor.Tensor, from int) {
	axis, order := o.Attributes["axis"].(int), e.orderOf(o.Inputs[0])
	to := from + y.Dim(axis)
	name := e.emit("Slice", []string{e.in(o.Inputs[0], order), e.sizes(from), e.sizes(to), e.sizes(slices.Index(order, axis))}, "")
	e.out(y, name, order)
}

func exportPad(e *exporter, o tensor.Operation) error {
	x, axis, before := o.Inputs[0], o.Attributes["axis"].(int), o.Attributes["before"].(int)
	order := e.orderOf(x)
	pads, at := make([]int, 2*x.Rank()), slices.Index(order, axis)
	pads[at], pads[x.Rank()+at] = before, o.Outputs[0].Dim(axis)-x.Dim(axis)-before
	e.out(o.Outputs[0], e.emit("Pad", []string{e.in(x, order), e.sizes(pads...)}, ""), order)
	return nil
}

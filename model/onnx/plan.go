package onnx

import (
	"fmt"
	"maps"
	"math"
	"runtime"
	"slices"
	"strings"

	file "github.com/hadal-go/hadal/format/onnx"
	"github.com/hadal-go/hadal/tensor"
)

// A plan is a graph whose nodes are in the order in which they can run.
type plan struct {
	steps   []*step
	cuts    []cut
	local   map[string]*value // constants of the nodes, and of a graph inside another one
	outputs []string
}

// A step is a node of a plan.
type step struct {
	*file.Node
	where    string // for errors
	opset    int64
	run      operator
	takes    []string         // its inputs, and what graphs inside it take from outside
	then     []*step          // what stands behind it and is done with it
	branches map[string]*plan // graphs among the attributes
}

// An operator computes the outputs of a node, nil for one that it does not make. It panics by call.fail.
type operator func(c *call) []*value

type builder struct{ opset int64 }

// build checks that every name of a graph comes from somewhere, and sorts the nodes. outer are the names that are known before.
func (b *builder) build(g *file.Graph, outer map[string]bool) (*plan, error) {
	p := &plan{local: map[string]*value{}}
	made := map[string]int{} // by which node
	for i, n := range g.Nodes {
		for _, name := range n.Outputs {
			if name == "" {
				continue
			}
			if _, twice := made[name]; twice || outer[name] {
				return nil, fmt.Errorf("onnx: %s makes %q, which there is already", place(i, n), name)
			}
			made[name] = i
		}
	}
	steps := make([]*step, len(g.Nodes))
	waits := make([]int, len(g.Nodes)) // for so many results of others
	readers := make([][]int, len(g.Nodes))
	for i, n := range g.Nodes {
		names := taken(n)
		for _, name := range names {
			from, inside := made[name]
			switch {
			case inside:
				waits[i]++
				readers[from] = append(readers[from], i)
			case !outer[name]:
				return nil, fmt.Errorf("onnx: %s takes %q, which nothing makes", place(i, n), name)
			}
		}
		steps[i] = &step{Node: n, where: place(i, n), opset: b.opset, run: operators[n.Op], takes: names}
		if n.Op == "Constant" && len(n.Outputs) == 1 {
			v, err := constantOf(n)
			if err != nil {
				return nil, fmt.Errorf("onnx: %s: %w", place(i, n), err)
			}
			p.local[n.Outputs[0]] = v
		}
	}
	var ready []int
	var order []*step
	for i := range steps {
		if waits[i] == 0 {
			ready = append(ready, i)
		}
	}
	for len(ready) > 0 {
		i := ready[0]
		ready = ready[1:]
		order = append(order, steps[i])
		for _, r := range readers[i] {
			if waits[r]--; waits[r] == 0 {
				ready = append(ready, r)
			}
		}
	}
	if len(order) < len(steps) {
		i := slices.IndexFunc(waits, func(n int) bool { return n > 0 })
		return nil, fmt.Errorf("onnx: %s is on a cycle, or waits for one: it would have to run before itself", steps[i].where)
	}
	for _, v := range g.Outputs {
		if _, ok := made[v.Name]; !ok && !outer[v.Name] {
			return nil, fmt.Errorf("onnx: nothing makes the output %q", v.Name)
		}
		p.outputs = append(p.outputs, v.Name)
	}
	if len(p.outputs) == 0 {
		return nil, fmt.Errorf("onnx: the graph %q has no outputs", g.Name)
	}
	known := map[string]bool{}
	for name := range outer {
		known[name] = true
	}
	for name := range made {
		known[name] = true
	}
	for _, s := range order {
		if err := b.branches(s, known); err != nil {
			return nil, err
		}
		if s.Op != "Constant" {
			p.steps = append(p.steps, s)
		}
	}
	p.join(outer)
	p.cut()
	return p, nil
}

// place names a node.
func place(i int, n *file.Node) string { return fmt.Sprintf("node %d (%s %q)", i, n.Op, n.Name) }

// taken returns the names that a node takes, and those that the graphs inside it take from outside. A graph inside may name results
// of the one around it, but not what it makes itself.
func taken(n *file.Node) (names []string) {
	seen := map[string]bool{"": true}
	var add func(n *file.Node, own map[string]bool)
	add = func(n *file.Node, own map[string]bool) {
		for _, name := range n.Inputs {
			if !seen[name] && !own[name] {
				seen[name] = true
				names = append(names, name)
			}
		}
		for _, g := range bodies(n) {
			inner := map[string]bool{}
			for name := range own {
				inner[name] = true
			}
			for _, t := range g.Initializers {
				inner[t.Name] = true
			}
			for _, v := range g.Inputs {
				inner[v.Name] = true
			}
			for _, m := range g.Nodes {
				for _, name := range m.Outputs {
					inner[name] = true
				}
			}
			for _, m := range g.Nodes {
				add(m, inner)
			}
			for _, v := range g.Outputs {
				if !seen[v.Name] && !inner[v.Name] {
					seen[v.Name] = true
					names = append(names, v.Name)
				}
			}
		}
	}
	add(n, nil)
	return names
}

// branches builds the graphs inside a node.
func (b *builder) branches(s *step, known map[string]bool) error {
	for _, a := range s.Attributes {
		g, ok := a.Value.(*file.Graph)
		if !ok {
			continue
		}
		inner := map[string]bool{}
		for name := range known {
			inner[name] = true
		}
		local := map[string]*value{}
		for _, t := range g.Initializers {
			v, err := fromFile(t)
			if err != nil {
				return fmt.Errorf("onnx: %s: initializer %w", s.where, err)
			}
			inner[t.Name], local[t.Name] = true, v
		}
		p, err := b.build(g, inner)
		if err != nil {
			return err
		}
		maps.Copy(p.local, local)
		if s.branches == nil {
			s.branches = map[string]*plan{}
		}
		s.branches[a.Name] = p
	}
	return nil
}

// run computes the outputs of a plan. env has all that is known before, and gets what the nodes make.
func (p *plan) run(pass *tensor.Pass, env map[string]*value) ([]*value, error) {
	for name, v := range p.local {
		env[name] = v
	}
	if err := p.pieces(pass, env, 0, len(p.cuts)); err != nil {
		return nil, err
	}
	ys := make([]*value, len(p.outputs))
	for i, name := range p.outputs {
		if ys[i] = env[name]; ys[i] == nil {
			return nil, fmt.Errorf("onnx: the node that should make the output %q made none", name)
		}
	}
	return ys, nil
}

// A problem is what an operator panics with when it cannot go on.
type problem string

// do runs one node. Wrong shapes panic in package tensor, which is an error here: the file is at fault, not the program.
func (s *step) do(p *tensor.Pass, env map[string]*value) (err error) {
	c := &call{step: s, p: p, env: env, in: make([]*value, len(s.Inputs))}
	for i, name := range s.Inputs {
		if name == "" {
			continue
		}
		if c.in[i] = env[name]; c.in[i] == nil {
			return fmt.Errorf("onnx: %s: there is no %q", s.where, name)
		}
	}
	defer func() {
		switch r := recover().(type) {
		case nil:
		case problem:
			err = fmt.Errorf("onnx: %s: %s", s.where, string(r))
		case string:
			if !strings.HasPrefix(r, "tensor: ") {
				panic(r)
			}
			err = fmt.Errorf("onnx: %s: %s", s.where, r)
		case runtime.Error:
			err = fmt.Errorf("onnx: %s: %w", s.where, r)
		default:
			panic(r)
		}
	}()
	var ys []*value
	if s.Op == "If" {
		if ys, err = c.branch(); err != nil {
			return err
		}
	} else {
		ys = s.run(c)
	}
	for i, name := range c.last().Outputs {
		if name == "" {
			continue
		}
		if i >= len(ys) || ys[i] == nil {
			return fmt.Errorf("onnx: %s: output %d is not supported", s.where, i)
		}
		env[name] = ys[i]
	}
	return nil
}

// branch runs one of the two graphs of If.
func (c *call) branch() ([]*value, error) {
	condition := c.ints(0)
	if len(condition) != 1 {
		c.fail("the condition has %d values, not one", len(condition))
	}
	name := "else_branch"
	if condition[0] != 0 {
		name = "then_branch"
	}
	p := c.branches[name]
	if p == nil {
		c.fail("there is no %s", name)
	}
	env := make(map[string]*value, len(c.env))
	for k, v := range c.env {
		env[k] = v
	}
	return p.run(c.p, env)
}

// A call is one run of a node: its inputs, nil where one is left out.
type call struct {
	*step
	p   *tensor.Pass
	env map[string]*value
	in  []*value
}

func (c *call) fail(format string, args ...any) { panic(problem(fmt.Sprintf(format, args...))) }

// has tells whether input i is given.
func (c *call) has(i int) bool { return i < len(c.in) && c.in[i] != nil }

// value returns input i.
func (c *call) value(i int) *value {
	if !c.has(i) {
		c.fail("input %d is missing", i)
	}
	return c.in[i]
}

// floats returns input i, which must be of floats.
func (c *call) floats(i int) *value {
	v := c.value(i)
	if v.x == nil {
		c.fail("input %d is of %v, not of floats", i, v.typ)
	}
	return v
}

// plain returns input i as a tensor in the order of its shape.
func (c *call) plain(i int) *tensor.Tensor { return c.floats(i).in(c.p, nil) }

// ints returns input i, which must be of integers.
func (c *call) ints(i int) []int64 {
	v := c.value(i)
	if v.x != nil {
		c.fail("input %d is of %v, not of integers", i, v.typ)
	}
	return v.ints
}

// optionalInts returns input i, or else the attribute of a name, which older versions have instead; ok is whether there is either.
func (c *call) optionalInts(i int, name string) (v []int64, ok bool) {
	if c.has(i) {
		return c.ints(i), true
	}
	if a := c.Attribute(name); a != nil && len(c.in) <= i {
		return c.intsOf(name), true
	}
	return nil, false
}

// number returns a float or integer of one element, input i; otherwise the attribute of a name, or else a fallback.
func (c *call) number(i int, name string, fallback float64) float64 {
	if !c.has(i) {
		return c.float(name, fallback)
	}
	v := c.in[i]
	if size(v.shape) != 1 {
		c.fail("input %d has shape %v, not one element", i, v.shape)
	}
	if v.x == nil {
		return float64(v.ints[0])
	}
	return float64(v.x.Data()[0])
}

// float returns an attribute.
func (c *call) float(name string, fallback float64) float64 {
	a := c.Attribute(name)
	if a == nil {
		return fallback
	}
	v, ok := a.Value.(float32)
	if !ok {
		c.fail("attribute %q is no float", name)
	}
	return float64(v)
}

func (c *call) int(name string, fallback int) int {
	a := c.Attribute(name)
	if a == nil {
		return fallback
	}
	v, ok := a.Value.(int64)
	if !ok {
		c.fail("attribute %q is no integer", name)
	}
	return int(v)
}

func (c *call) text(name, fallback string) string {
	a := c.Attribute(name)
	if a == nil {
		return fallback
	}
	v, ok := a.Value.(string)
	if !ok {
		c.fail("attribute %q is no string", name)
	}
	return v
}

// intsOf returns an attribute of integers, nil if there is none.
func (c *call) intsOf(name string) []int64 {
	a := c.Attribute(name)
	if a == nil {
		return nil
	}
	v, ok := a.Value.([]int64)
	if !ok {
		c.fail("attribute %q is no list of integers", name)
	}
	return v
}

// small returns integers that must be within ±2³¹, as sizes are.
func (c *call) small(vs []int64) []int {
	if vs == nil {
		return nil
	}
	y := make([]int, len(vs))
	for i, v := range vs {
		if v > math.MaxInt32 || v < math.MinInt32 {
			c.fail("the number %d is beyond what a size can be", v)
		}
		y[i] = int(v)
	}
	return y
}

// axis turns a negative axis into one from the front.
func (c *call) axis(axis, rank int) int {
	if axis < -rank || axis >= rank {
		c.fail("there is no axis %d among %d", axis, rank)
	}
	if axis < 0 {
		return axis + rank
	}
	return axis
}

// axes is axis for several, without repetition.
func (c *call) axes(vs []int64, rank int) []int {
	y := make([]int, len(vs))
	for i, v := range c.small(vs) {
		y[i] = c.axis(v, rank)
		if slices.Contains(y[:i], y[i]) {
			c.fail("axis %d stands twice in %v", y[i], vs)
		}
	}
	return y
}

// room checks that a result may have a shape, and returns it.
func (c *call) room(shape ...int) []int {
	n := 1
	for _, d := range shape {
		if d < 0 {
			c.fail("the result would have the shape %v", shape)
		}
		if d > 0 && n > maxElements/d {
			c.fail("the result would have the shape %v, more than %d elements", shape, maxElements)
		}
		n *= max(d, 1)
	}
	return shape
}

// like is a result of floats in the order of its shape, of the type of v.
func (v *value) like(x *tensor.Tensor) *value {
	return &value{x: x, shape: x.Shape(), typ: v.typ}
}

// ordered is a result of floats whose axes lie in an order.
func (v *value) ordered(x *tensor.Tensor, order []int) *value {
	y := &value{x: x, order: order, shape: make([]int, x.Rank()), typ: v.typ}
	for i, a := range order {
		y.shape[a] = x.Dim(i)
	}
	return y
}

// one wraps a single result.
func one(v *value) []*value { return []*value{v} }

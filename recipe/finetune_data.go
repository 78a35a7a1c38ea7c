package recipe

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/hadal-go/hadal/data"
	"github.com/hadal-go/hadal/data/augment"
	"github.com/hadal-go/hadal/data/imagecsv"
	"github.com/hadal-go/hadal/data/imagefolder"
	"github.com/hadal-go/hadal/data/inspect"
	"github.com/hadal-go/hadal/train"
)

// The parts that a picture can be in.
const (
	learned = iota // from
	chosen         // the best epoch by
	tested         // on
	outside
)

var partNames = []string{"train", "validation", "test"}

// own are the user's pictures with what is known of them. Every slice but left has an element for each picture.
type own struct {
	files   *data.Files // of all parts
	part    []int
	pixels  []int // by the header
	short   []int // the shorter side, in pixels
	given   bool  // whether the user has said what is to be tested on
	decoded []data.Picture
	left    []leftOut
}

// A leftOut is a file that is not used, and why.
type leftOut struct{ path, why string }

// listOwn lists the pictures of a folder, an archive or a table. Those that are left out with a reason are in left, unless the first one
// is to be the error.
func listOwn(ctx context.Context, path string, strict bool) (*own, error) {
	o := &own{}
	var training, test *data.Files
	var err error
	if slices.Contains(imagecsv.Extensions, strings.ToLower(filepath.Ext(path))) {
		training, test, err = imagecsv.Open(path, data.Decoder{})
	} else {
		skipped := func(path, why string) { o.left = append(o.left, leftOut{path, why}) }
		if strict {
			skipped = nil
		}
		training, test, err = imagefolder.OpenUntidy(path, data.Decoder{}, skipped)
	}
	if err != nil {
		return nil, err
	}
	o.files = training
	o.part = make([]int, training.Len())
	if test != nil {
		o.given = true
		all := *training
		all.Paths = slices.Concat(training.Paths, test.Paths)
		all.Labels = slices.Concat(training.Labels, test.Labels)
		o.files = &all
		o.part = append(o.part, slices.Repeat([]int{tested}, test.Len())...)
	}
	if n := len(o.files.Names); n < 2 {
		return nil, fmt.Errorf("%s has one class, %s: to tell pictures apart there must be two folders at least, each with the pictures of a "+
			"class", path, o.files.Names[0])
	}
	n := o.files.Len()
	o.pixels, o.short = make([]int, n), make([]int, n)
	index := make(data.Slice[int], n)
	for i := range index {
		index[i] = i
	}
	if err := data.Each(ctx, data.Set[int](index), func(_ int, i int, _ error) {
		h, w, _ := o.files.Size(i) // what is broken comes up where it is decoded
		o.pixels[i], o.short[i] = h*w, min(h, w)
	}); err != nil {
		return nil, err
	}
	return o, nil
}

// leave takes the pictures out for which why gives a reason.
func (o *own) leave(why func(i int) string) {
	for i, path := range o.files.Paths {
		if o.part[i] == outside {
			continue
		}
		if reason := why(i); reason != "" {
			o.part[i] = outside
			o.left = append(o.left, leftOut{path, reason})
		}
	}
}

// in returns the numbers of the pictures in some parts.
func (o *own) in(parts ...int) (index []int) {
	for i, p := range o.part {
		if slices.Contains(parts, p) {
			index = append(index, i)
		}
	}
	return index
}

// thin keeps at most so many pictures, drawn with the seed, as large a part of each class and of what is tested on.
func (o *own) thin(most int, seed uint64) {
	used := o.in(learned, tested)
	if len(used) <= most {
		return
	}
	labels := make([]int, len(used))
	for k, i := range used {
		labels[k] = 2*o.files.Labels[i] + min(1, o.part[i])
	}
	_, out := data.Stratify(labels, nil, 1-float64(most)/float64(len(used)), math.MaxInt, seed)
	for _, k := range out {
		o.part[used[k]] = outside
	}
}

// maxAspect is the greatest ratio of the sides of a picture that is held in memory; of longer ones, the middle is.
const maxAspect = 2

// decode decodes the pictures that are used, as an intake takes them. Files that cannot be read are left out, or the first is the error.
func (o *own) decode(ctx context.Context, in intake, shape [3]int, strict bool, done func(n, of int)) error {
	used := data.Slice[int](o.in(learned, tested))
	o.decoded = make([]data.Picture, o.files.Len())
	broken := make([]error, o.files.Len())
	var count atomic.Int64
	err := data.Each(ctx, data.Set[int](used), func(_ int, i int, _ error) {
		o.decoded[i], broken[i] = o.decodeOne(i, in, shape)
		done(int(count.Add(1)), len(used))
	})
	if err != nil {
		return err
	}
	for i, err := range broken {
		if err != nil && strict {
			return &data.BrokenError{Path: o.files.Paths[i], Err: err}
		}
	}
	o.leave(func(i int) string {
		if broken[i] == nil {
			return ""
		}
		return broken[i].Error()
	})
	return nil
}

func (o *own) decodeOne(i int, in intake, shape [3]int) (data.Picture, error) {
	r, err := o.files.Reader(i)
	if err != nil {
		return data.Picture{}, err
	}
	defer r.Close()
	if in.decoder.Short == 0 {
		return in.read(r, shape)
	}
	p, err := in.decoder.Decode(r)
	if err != nil {
		return data.Picture{}, err
	}
	h, w := min(p.H, maxAspect*p.W), min(p.W, maxAspect*p.H)
	s := data.Sample{Picture: p}
	augment.CenterCrop{H: h, W: w}.Apply(nil, &s)
	return s.Picture, nil
}

// dropEmpty takes classes out that have no picture to learn from, with what there is to test them on.
func (o *own) dropEmpty(strict bool) error {
	has := make([]bool, len(o.files.Names))
	for _, i := range o.in(learned) {
		has[o.files.Labels[i]] = true
	}
	var names []string
	number := make([]int, len(has))
	for class, name := range o.files.Names {
		if has[class] {
			number[class] = len(names)
			names = append(names, name)
		} else if strict {
			return fmt.Errorf("the class %s has no picture to learn from", name)
		}
	}
	if len(names) < 2 {
		return fmt.Errorf("%d of %d classes have pictures that can be read: to tell pictures apart there must be two%s", len(names), len(has),
			firstReasons(o.left))
	}
	if len(names) == len(has) {
		return nil
	}
	o.leave(func(i int) string {
		if has[o.files.Labels[i]] {
			return ""
		}
		return "its class has no picture to learn from"
	})
	f := *o.files
	f.Names, f.Labels = names, make([]int, len(o.files.Labels))
	for i, label := range o.files.Labels {
		f.Labels[i] = number[label]
	}
	o.files = &f
	return nil
}

// firstReasons names some of what was left out, for an error.
func firstReasons(left []leftOut) string {
	var b strings.Builder
	for _, l := range left[:min(3, len(left))] {
		fmt.Fprintf(&b, "\n  %s: %s", l.path, l.why)
	}
	return b.String()
}

// held are the decoded pictures of some parts, in memory.
func (o *own) held(parts ...int) (set data.Slice[data.Labelled]) {
	for _, i := range o.in(parts...) {
		set = append(set, data.Labelled{Picture: o.decoded[i], Label: o.files.Labels[i]})
	}
	return set
}

// heldSet is what inspect looks through.
type heldSet struct {
	data.Slice[data.Labelled]
	classes []string
}

func (s heldSet) Classes() []string { return s.classes }

// divide puts pictures that are to be tested on, and those by which the best epoch is chosen, apart from those that are learned from.
// What is nearly equal stays on one side. It leaves out pictures that are in two classes, and of what the user has divided, pictures to
// learn from that are to be tested on too. It returns a sentence for each thing of note.
func (o *own) divide(ctx context.Context, test float64, seed uint64) (notes []string, err error) {
	used := o.in(learned, tested)
	report, err := inspect.Look(ctx, []inspect.Part{{Name: "pictures", Set: heldSet{o.held(learned, tested), o.files.Names}}}, inspect.Options{})
	if err != nil {
		return nil, err
	}
	group, copies := o.groups(report, used)
	if copies > 0 {
		notes = append(notes, fmt.Sprintf("copies, equal or nearly so: %d; a picture and its copies are on one side of the test", copies))
	}
	o.leaveTwice(report, used)
	if o.given {
		side := map[int]bool{} // the groups that are tested on
		for _, i := range o.in(tested) {
			side[group[i]] = true
		}
		o.leave(func(i int) string {
			if o.part[i] == learned && side[group[i]] {
				return "it is equal or nearly equal to a picture that is tested on"
			}
			return ""
		})
	}
	if err := o.dropEmpty(false); err != nil {
		return nil, err
	}
	if !o.given {
		o.split(tested, group, test, 2, seed)
	}
	o.split(chosen, group, .15, 4, seed+1)
	if len(o.in(tested)) == 0 {
		return nil, errors.New("there is no picture to test on: a class needs two pictures at least that are not nearly equal")
	}
	return append(notes, o.rare()...), nil
}

// groups returns a number for each picture, the same for copies, and how many are copies of others.
func (o *own) groups(report *inspect.Report, used []int) (group map[int]int, copies int) {
	parent := make([]int, len(used)) // of each of the used ones, another of its group, or itself
	for k := range parent {
		parent[k] = k
	}
	root := func(k int) int {
		for parent[k] != k {
			parent[k] = parent[parent[k]]
			k = parent[k]
		}
		return k
	}
	for _, g := range slices.Concat(report.Exact, report.Near) {
		for _, e := range g.Examples[1:] {
			a, b := root(g.Examples[0].Index), root(e.Index)
			if a != b {
				parent[max(a, b)] = min(a, b)
				copies++
			}
		}
	}
	group = map[int]int{}
	for k, i := range used {
		group[i] = root(k)
	}
	return group, copies
}

// leaveTwice leaves out what is in two classes.
func (o *own) leaveTwice(report *inspect.Report, used []int) {
	why := map[int]string{}
	for _, g := range report.Exact {
		for _, e := range g.Examples {
			k := slices.IndexFunc(g.Examples, func(x inspect.Example) bool { return x.Label != e.Label })
			if k >= 0 {
				other := g.Examples[k]
				why[used[e.Index]] = fmt.Sprintf("it is the same picture as %s, which is of the class %s",
					o.files.Paths[used[other.Index]], o.files.Names[other.Label])
			}
		}
	}
	o.leave(func(i int) string { return why[i] })
}

// split moves a part of what is learned from to another part, groups as a whole.
func (o *own) split(to int, group map[int]int, part float64, least int, seed uint64) {
	index := o.in(learned)
	labels, groups := make([]int, len(index)), make([]int, len(index))
	for k, i := range index {
		labels[k], groups[k] = o.files.Labels[i], group[i]
	}
	_, held := data.Stratify(labels, groups, part, least, seed)
	for _, k := range held {
		o.part[index[k]] = to
	}
}

// count returns how many pictures of each class are in some parts.
func (o *own) count(parts ...int) []int {
	n := make([]int, len(o.files.Names))
	for _, i := range o.in(parts...) {
		n[o.files.Labels[i]]++
	}
	return n
}

// rare says of which classes there are too few pictures.
func (o *own) rare() (notes []string) {
	var untested, few []string
	learn, test := o.count(learned), o.count(tested)
	for class, name := range o.files.Names {
		if test[class] == 0 {
			untested = append(untested, name)
		}
		if learn[class] < 3 {
			few = append(few, name)
		}
	}
	if len(untested) > 0 {
		notes = append(notes, "no picture is left to test "+some(untested)+" on: the accuracy says nothing of that")
	}
	if len(few) > 0 {
		notes = append(notes, "there are fewer than three pictures to learn "+some(few)+" from: more of them would help most")
	}
	return notes
}

// some joins words, the first few of them.
func some(words []string) string {
	const most = 5
	if n := len(words); n > most {
		return strings.Join(words[:most], ", ") + fmt.Sprintf(" and %d more", n-most)
	}
	return strings.Join(words, ", ")
}

// sum is of the names of the pictures and of their parts.
func (o *own) sum() string {
	var lines []string
	for i, path := range o.files.Paths {
		if o.part[i] != outside {
			lines = append(lines, fmt.Sprintf("%d %s\n", o.part[i], filepath.ToSlash(path)))
		}
	}
	slices.Sort(lines)
	h := sha256.New()
	for _, l := range lines {
		io.WriteString(h, l)
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// write leaves in a run which picture is in which part, and which are left out, as tables.
func (o *own) write(run *train.Run) error {
	parts := [][]string{{"file", "label", "used"}}
	for i, path := range o.files.Paths {
		if o.part[i] != outside {
			parts = append(parts, []string{path, o.files.Names[o.files.Labels[i]], partNames[o.part[i]]})
		}
	}
	left := [][]string{{"file", "why"}}
	for _, l := range o.left {
		left = append(left, []string{l.path, l.why})
	}
	table := func(name string, rows [][]string) error {
		return run.Write(name, func(w io.Writer) error { return csv.NewWriter(w).WriteAll(rows) })
	}
	return errors.Join(table("pictures.csv", parts), table("left-out.csv", left))
}

// leftNotes says what was left out, some of it by name.
func (o *own) leftNotes() (notes []string) {
	const most = 3
	var named []leftOut
	endings := map[string]int{}
	others := 0
	for _, l := range o.left {
		if l.why == imagefolder.NoPicture {
			endings[strings.ToLower(filepath.Ext(l.path))]++
			others++
			continue
		}
		named = append(named, l)
	}
	for _, l := range named[:min(most, len(named))] {
		notes = append(notes, fmt.Sprintf("left out %s: %s", l.path, l.why))
	}
	if n := len(named) - most; n > 0 {
		notes = append(notes, fmt.Sprintf("left out %d more; left-out.csv in the run has them all", n))
	}
	if others > 0 {
		var list []string
		for ending := range endings {
			list = append(list, cmp.Or(ending, "without an ending"))
		}
		slices.Sort(list)
		note := fmt.Sprintf("passed over, no pictures by their names: %d (%s)", others, some(list))
		if endings[".heic"]+endings[".heif"] > 0 {
			note += "; HEIC photographs have to be converted to JPEG first"
		}
		notes = append(notes, note)
	}
	return notes
}

// median returns the middle one of numbers, which are not changed.
func median(of []int) int {
	sorted := slices.Sorted(slices.Values(of))
	return sorted[len(sorted)/2]
}

// counts says how many pictures of each class are used.
func (o *own) counts() string {
	count := o.count(learned, tested)
	words := make([]string, len(count))
	for class, n := range count {
		words[class] = fmt.Sprintf("%s %d", o.files.Names[class], n)
	}
	return some(words)
}

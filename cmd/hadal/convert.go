package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hadal-go/hadal/format/npz"
	file "github.com/hadal-go/hadal/format/onnx"
	"github.com/hadal-go/hadal/format/safetensors"
	"github.com/hadal-go/hadal/format/weights"
	"github.com/hadal-go/hadal/internal/atomicfile"
	"github.com/hadal-go/hadal/model/onnx"
	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/recipe"
	"github.com/hadal-go/hadal/train"
)

func (a *app) convertCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "convert IN OUT",
		Short: "Bring weights, or the network of a run, into another format",
		Long: `Bring weights, or the network of a run, into another format.

IN is a run, a name that list weights has, or a file of weights: safetensors, .pt, .pth, .npy, .npz, .h5, .onnx or .tflite, whatever its name.
OUT says by its end what it becomes: .safetensors or .npz has the arrays by their names, in single precision, dequantized; .onnx is the network
itself, and needs a run or a name. Of a name, .safetensors has the network's arrays, under the names of Hadal and mostly of PyTorch.
Nothing in a file is run: what a PyTorch file would have called is listed instead.`,
		Example: `  ` + a.name + ` convert last net.onnx                   for other runtimes
  ` + a.name + ` convert last net.safetensors            loads in PyTorch under the same names
  ` + a.name + ` convert resnet20.th resnet20.safetensors
  ` + a.name + ` convert squeezenet1.0-imagenet net.onnx   weights of others, as a network`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 2 {
				return usageError{fmt.Errorf("convert takes what there is and what it is to become, got %d", len(args))}
			}
			in, out := args[0], args[1]
			if _, err := os.Stat(out); err == nil {
				return usageError{fmt.Errorf("%s exists already; name another", out)}
			}
			info, err := os.Stat(in)
			isFile := err == nil && !info.IsDir()
			n, theirs := pretrainedNamed(in)
			theirs = theirs && !isFile
			var write func(w io.Writer) error
			switch end := strings.ToLower(filepath.Ext(out)); {
			case end == ".onnx" && isFile:
				return usageError{errors.New("a file of weights does not say what network they are of: .onnx is made of a run, or of a name that list weights has")}
			case theirs && (end == ".onnx" || end == ".safetensors"):
				write, err = a.convertPretrained(cmd.Context(), n, end)
			case theirs:
				return usageError{fmt.Errorf("%s: weights of a name become .safetensors or .onnx", out)}
			case end == ".onnx":
				write, err = a.exported(in)
			case end == ".safetensors" || end == ".npz":
				write, err = a.arrays(in, isFile, end)
			default:
				return usageError{fmt.Errorf("%s: the end of the name says the format, .safetensors, .npz or .onnx", out)}
			}
			if err != nil {
				return err
			}
			if err := atomicfile.Write(out, write); err != nil {
				return dataError{err}
			}
			if a.json {
				return a.printEvent("converted", train.Fields{"file": out})
			}
			_, err = fmt.Fprintln(a.out, out)
			return err
		},
	}
}

// exported makes ONNX of the network of a run.
func (a *app) exported(name string) (func(io.Writer) error, error) {
	run, err := openRun("convert", []string{name})
	if err != nil {
		return nil, err
	}
	c, j, err := readConfig(run)
	if err != nil {
		return nil, err
	}
	trained, ok := j.(recipe.Trained)
	if !ok {
		return nil, usageError{fmt.Errorf("%s is a run of %s, whose network is not written as ONNX", run.Dir, c.Recipe)}
	}
	net, input, about, err := trained.Trained(run)
	if err != nil {
		return nil, err
	}
	return a.asONNX(net, input, about)
}

// asONNX exports a network for one example at a time. What else it takes to use it stands in the metadata.
func (a *app) asONNX(net nn.Layer, input []int, about []recipe.Fact) (func(io.Writer) error, error) {
	m, err := onnx.Export(net, append([]int{1}, input...)...)
	if err != nil {
		return nil, dataError{err}
	}
	for _, f := range about {
		m.Metadata = append(m.Metadata, file.Entry{Key: f.Word, Value: f.Value})
		a.say("%-8s %s\n", f.Word, shortened(f.Value))
	}
	return func(w io.Writer) error { return file.Write(w, m) }, nil
}

// arrays reads the arrays of a file, or of the best weights of a run.
func (a *app) arrays(name string, isFile bool, end string) (func(io.Writer) error, error) {
	path := name
	if !isFile {
		run, err := openRun("convert", []string{name})
		if err != nil {
			return nil, err
		}
		path = run.Path("weights", "best.safetensors")
	}
	f, err := weights.Open(path)
	if err != nil {
		return nil, dataError{err}
	}
	defer f.Close()
	for _, note := range f.Notes {
		a.say("%s\n", note)
	}
	var tensors []safetensors.Entry
	for i, array := range f.Arrays {
		floats, err := f.Floats(i)
		if err != nil {
			a.say("left out %s: %v\n", array.Name, err)
			continue
		}
		tensors = append(tensors, safetensors.Entry{Name: array.Name, Shape: array.Shape, Data: floats})
	}
	if len(tensors) == 0 {
		return nil, dataError{fmt.Errorf("%s: there are no arrays of numbers in it", path)}
	}
	return func(w io.Writer) error {
		if end == ".safetensors" {
			return safetensors.Write(w, tensors, nil)
		}
		entries := make([]npz.Entry, len(tensors))
		for i, t := range tensors {
			entries[i] = npz.Entry(t)
		}
		return npz.Write(w, entries)
	}, nil
}

// shortened leaves out the middle of a long text.
func shortened(s string) string {
	const each = 100
	runes := []rune(s)
	if len(runes) <= 3*each {
		return s
	}
	return string(runes[:each]) + " … " + string(runes[len(runes)-each:])
}

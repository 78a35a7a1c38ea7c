package mnist_test

import (
	"context"
	"fmt"
	"log"
	"math/rand/v2"

	"github.com/hadal-go/hadal/data"
	"github.com/hadal-go/hadal/data/mnist"
	"github.com/hadal-go/hadal/data/source"
	"github.com/hadal-go/hadal/metric"
	"github.com/hadal-go/hadal/model/vision"
	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/optim"
	"github.com/hadal-go/hadal/tensor"
)

// A whole program: it gets MNIST, trains LeNet for two epochs, saves it, and judges what it loads again.
func Example() {
	mnistSource, err := source.ByName("mnist")
	if err != nil {
		log.Fatal(err)
	}
	files, err := mnistSource.Find(context.Background(), source.Options{})
	if err != nil {
		log.Fatal(err)
	}
	train, test, err := mnist.Load(files)
	if err != nil {
		log.Fatal(err)
	}
	scale, err := data.ScaleOf(train)
	if err != nil {
		log.Fatal(err)
	}

	const epochs = 2
	random := rand.New(rand.NewPCG(0, 0))
	net := vision.NewLeNet(random, 10)
	parameters := nn.Params(net)
	optimizer := optim.NewAdamW(parameters, 2e-3)
	batches := data.Batches{Set: train, Size: 64, Shuffle: true, Scale: scale}
	schedule := optim.WarmUp{Steps: 100, Then: optim.Cosine{LR: 2e-3, Steps: epochs*batches.Len() - 100}}
	step := 0
	for epoch := range epochs {
		for batch, err := range batches.Epoch(epoch, 0) {
			if err != nil {
				log.Fatal(err)
			}
			p := tensor.Training(random)
			loss := nn.CrossEntropy(net.Forward(p.Input(batch.Images)), batch.Labels)
			grads := tensor.Grad(loss, parameters...)
			optimizer.SetLR(schedule.At(step))
			optimizer.Step(grads)
			p.End()
			step++
		}
	}
	if err := nn.SaveFile("lenet.safetensors", net); err != nil {
		log.Fatal(err)
	}

	loaded := vision.NewLeNet(random, 10)
	if err := nn.LoadFile("lenet.safetensors", loaded); err != nil {
		log.Fatal(err)
	}
	var predicted, labels []int
	judged := data.Batches{Set: test, Size: 250, Scale: scale}
	for batch, err := range judged.Epoch(0, 0) {
		if err != nil {
			log.Fatal(err)
		}
		p := tensor.Inference()
		predicted = append(predicted, loaded.Forward(p.Input(batch.Images)).ArgMax()...)
		labels = append(labels, batch.Labels...)
		p.End()
	}
	fmt.Printf("test accuracy %.2f %%\n", 100*metric.Accuracy(labels, predicted))
}

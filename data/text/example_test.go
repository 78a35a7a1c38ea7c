package text_test

import (
	"fmt"
	"log"
	"os"

	"github.com/hadal-go/hadal/data/text"
)

// A vocabulary is learnt from text, used, and written for Hugging Face's tokenizers.
func ExampleTraining_BPE() {
	lines := text.Strings("low low low low low", "lower lower", "newest newest newest", "widest widest")
	tokenizer, err := text.Training{Size: 256 + 12}.BPE(lines)
	if err != nil {
		log.Fatal(err)
	}
	ids, err := tokenizer.Encode("lowest")
	if err != nil {
		log.Fatal(err)
	}
	for _, id := range ids {
		fmt.Printf("%q ", tokenizer.Token(id))
	}
	back, err := tokenizer.Decode(ids)
	fmt.Println(back, err)
	// Output: "low" "est" lowest <nil>
}

// A long text is cut in streams that a recurrent network reads side by side.
func ExampleStreams() {
	file, err := os.CreateTemp("", "*.txt")
	if err != nil {
		log.Fatal(err)
	}
	defer os.Remove(file.Name())
	file.WriteString("abcdefghijklm")
	file.Close()

	corpus, err := text.Open(file.Name())
	if err != nil {
		log.Fatal(err)
	}
	tokenizer := text.Bytes()
	ids, err := tokenizer.Tokenize(corpus.Lines())
	if err != nil {
		log.Fatal(err)
	}
	streams := text.Streams{IDs: ids, N: 2, T: 4}
	for batch, err := range streams.Epoch(0, 0) {
		if err != nil {
			log.Fatal(err)
		}
		for n := range batch.N {
			x, _ := tokenizer.Decode(batch.X[n*batch.T:][:batch.T])
			y, _ := tokenizer.Decode(batch.Y[n*batch.T:][:batch.T])
			fmt.Print(x, "→", y, "  ")
		}
		fmt.Println("fresh:", batch.Fresh)
	}
	// Output:
	// abcd→bcde  ghij→hijk  fresh: true
	// ef→fg  kl→lm  fresh: false
}

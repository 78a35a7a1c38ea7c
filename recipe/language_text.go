package recipe

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/hadal-go/hadal/data/source"
	"github.com/hadal-go/hadal/data/text"
	"github.com/hadal-go/hadal/data/textset"
	"github.com/hadal-go/hadal/tensor"
)

// Parts of so many bytes or more are not held in memory: the numbers of their tokens are kept in a file. Vocabularies are made of the
// beginning of a text.
const (
	largeText      = 8 << 20
	vocabularyText = 64 << 20
)

// read finds the text, makes the vocabulary of its training part, and cuts all parts into tokens.
func (l *Language) read(ctx context.Context, w Workplace) error {
	var lines [3]text.Lines
	var corpora [3]*text.Corpus // nil where the text is no corpus
	switch {
	case l.Data != "":
		whole, err := text.Open(l.Data)
		if err != nil {
			return err
		}
		parts, err := whole.Split(90, 5, 5)
		if err != nil {
			return fmt.Errorf("%s: %w", l.Data, err)
		}
		copy(corpora[:], parts)
	default:
		found, err := find(ctx, l.source, w.Source)
		if err != nil {
			return err
		}
		if found.Source.Name == "wikitext-2" {
			training, validation, test, err := textset.WikiText(found)
			if err != nil {
				return err
			}
			lines = [3]text.Lines{textset.Words(training), textset.Words(validation), textset.Words(test)}
			break
		}
		if corpora[0], corpora[1], corpora[2], err = textset.Corpus(found); err != nil {
			return err
		}
	}
	for i, c := range corpora {
		if c != nil {
			lines[i] = c.Lines()
		}
	}
	var err error
	if l.tokenizer, err = l.vocabulary(lines[0]); err != nil {
		return err
	}
	for i := range lines {
		if l.parts[i], err = l.cut(lines[i], corpora[i], w.Source.Cache); err != nil {
			return err
		}
	}
	w.note("data", "%d tokens of %d kinds to learn from, %d to choose the best epoch by, %d to test on", l.parts[0].Len(), l.tokenizer.Len(),
		l.parts[1].Len(), l.parts[2].Len())
	return nil
}

// find finds a named set.
func find(ctx context.Context, name string, o source.Options) (source.Located, error) {
	s, err := source.ByName(name)
	if err != nil {
		return source.Located{}, err
	}
	return s.Find(ctx, o)
}

// vocabulary makes the tokenizer. What the text to learn from does not have can come all the same.
func (l *Language) vocabulary(lines text.Lines) (*text.Tokenizer, error) {
	o := text.Training{Size: l.Vocabulary, Unknown: unknown, Head: vocabularyText}
	switch l.Tokens {
	case "bytes":
		return text.Bytes(), nil
	case "bpe":
		o.Unknown = ""
		return o.BPE(lines)
	case "words":
		return o.Words(lines)
	}
	return o.Characters(lines)
}

// cut makes the numbers of the tokens of a part, in memory or, of a large one, in a file in the cache.
func (l *Language) cut(lines text.Lines, c *text.Corpus, cache string) (text.IDs, error) {
	if c == nil || c.Size() < largeText {
		return l.tokenizer.Tokenize(lines)
	}
	if cache == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return nil, err
		}
		cache = filepath.Join(user, "hadal")
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return nil, err
	}
	h := fnv.New64a()
	for _, p := range c.Parts {
		fmt.Fprintln(h, p)
	}
	return l.tokenizer.Cached(filepath.Join(cache, fmt.Sprintf("tokens-%x", h.Sum64())), c)
}

// tokenized reads a text of the user's.
func (l *Language) tokenized(path string) (text.IDs, error) {
	c, err := text.Open(path)
	if err != nil {
		return nil, err
	}
	ids, err := l.tokenizer.Tokenize(c.Lines())
	if err == nil && ids.Len() < 2 {
		err = fmt.Errorf("%s has %d tokens: there is nothing to tell from one that stands before it", path, ids.Len())
	}
	return ids, err
}

func readTokenizer(path string) (*text.Tokenizer, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return text.Read(f)
}

// next returns what can come behind a text, the likeliest first.
func (l *Language) next(in Input) ([]ClassScore, error) {
	f, err := in.Open()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	const most = 1 << 20
	b, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return nil, err
	}
	if len(b) > most {
		return nil, errors.New("it is longer than a megabyte; eval RUN data=FILE judges long texts")
	}
	ids, err := begin(l.tokenizer, strings.TrimRight(string(b), "\r\n"))
	if err != nil {
		return nil, err
	}
	p := tensor.Inference()
	defer p.End()
	scores := l.net.Read()(ids)
	probabilities := p.Values(scores, len(scores)).Softmax().Data()
	all := make([]ClassScore, len(scores))
	for i, v := range probabilities {
		all[i] = ClassScore{visible(l.tokenizer.Token(i)), float64(v)}
	}
	sort.SliceStable(all, func(i, j int) bool { return all[i].Probability > all[j].Probability })
	return all, nil
}

// unknown is the token for what a vocabulary does not have.
const unknown = "<unk>"

// begin returns the tokens of a text that is to be gone on with: there must be one, and none that is unknown, unless the text says so.
func begin(t *text.Tokenizer, s string) ([]int, error) {
	ids, err := t.Encode(s)
	if err != nil {
		return nil, err
	}
	if len(ids) == 0 {
		return nil, errors.New("it is empty: there is nothing to go on from")
	}
	id, ok := t.ID(unknown)
	if !ok || !slices.Contains(ids, id) || strings.Contains(s, unknown) {
		return ids, nil
	}
	for _, separator := range []string{" ", ""} { // a word, or a character
		for _, part := range strings.Split(s, separator) {
			if one, err := t.Encode(part); err == nil && len(one) == 1 && one[0] == id {
				return nil, fmt.Errorf("the network has learned of no %q", part)
			}
		}
	}
	return ids, nil
}

// visible puts a token in quotes if one could not see it.
func visible(token string) string {
	if strings.TrimSpace(token) == token && token != "" {
		return token
	}
	return strconv.Quote(token)
}

package data

import (
	"bytes"
	"image"
	"image/jpeg"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"
)

// photo is a JPEG of w×h pixels with the detail of one from a camera: about 2 bits a pixel.
func photo(tb testing.TB, w, h int, seed uint64) []byte {
	r := rand.New(rand.NewPCG(seed, 0))
	img := image.NewYCbCr(image.Rect(0, 0, w, h), image.YCbCrSubsampleRatio420)
	value := 128
	for i := range img.Y { // a random walk along the rows has the spectrum of photos
		value = min(235, max(16, value+r.IntN(61)-30))
		if i >= img.YStride {
			value = (value + int(img.Y[i-img.YStride])) / 2
		}
		img.Y[i] = byte(value)
	}
	for i := range img.Cb {
		img.Cb[i], img.Cr[i] = byte(100+i%img.CStride*56/img.CStride), byte(100+i/img.CStride*56/(h/2))
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 90}); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// BenchmarkDecodeJPEG12MP reads photos of 4000×3000 at 224×224, as many at a time as there are cores, and tells how many a second,
// what part of the time decoding takes, and the peak of the heap. HADAL_PHOTOS sets how many files there are (default 8).
func BenchmarkDecodeJPEG12MP(b *testing.B) {
	n := 8
	if s := os.Getenv("HADAL_PHOTOS"); s != "" {
		n, _ = strconv.Atoi(s)
	}
	dir := b.TempDir()
	f := &Files{Decoder: Decoder{H: 224, W: 224}, Names: []string{"photo"}}
	bytesRead := 0
	for i := range n {
		path := filepath.Join(dir, strconv.Itoa(i)+".jpg")
		content := photo(b, 4000, 3000, uint64(i))
		if err := os.WriteFile(path, content, 0o644); err != nil {
			b.Fatal(err)
		}
		f.Paths, f.Labels, bytesRead = append(f.Paths, path), append(f.Labels, 0), bytesRead+len(content)
	}
	runtime.GC()
	stop, peak := make(chan bool), make(chan uint64)
	go func() { // samples the heap
		var most uint64
		for {
			select {
			case <-stop:
				peak <- most
				return
			case <-time.After(5 * time.Millisecond):
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				most = max(most, m.HeapInuse)
			}
		}
	}()
	for b.Loop() {
		failed := make([]error, n)
		err := Each(b.Context(), Set[Labelled](f), func(i int, _ Labelled, err error) { failed[i] = err })
		for _, e := range append(failed, err) {
			if e != nil {
				b.Fatal(e)
			}
		}
	}
	stop <- true
	b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "pictures/s")
	b.ReportMetric(float64(<-peak)/1e6, "peak-MB")
	b.ReportMetric(float64(bytesRead)/float64(n)/1e6, "MB/picture")
}

// BenchmarkShrink is what follows decoding: 12 megapixels to 224×224.
func BenchmarkShrink(b *testing.B) {
	jpg, err := jpeg.Decode(bytes.NewReader(photo(b, 4000, 3000, 0)))
	if err != nil {
		b.Fatal(err)
	}
	rgba := image.NewNRGBA(image.Rect(0, 0, 4000, 3000))
	for i := range rgba.Pix {
		rgba.Pix[i] = byte(i)
	}
	for name, img := range map[string]image.Image{"jpeg": jpg, "png": rgba} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				p := shrink(img, 3, reduction(4000, 224), reduction(3000, 224))
				p.Resize(224, 224)
			}
		})
	}
	b.Run("decode", func(b *testing.B) {
		content := photo(b, 4000, 3000, 0)
		for b.Loop() {
			if _, err := jpeg.Decode(bytes.NewReader(content)); err != nil {
				b.Fatal(err)
			}
		}
	})
}

package lines

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

func readAll(t *testing.T, in io.Reader, limit int) ([]string, error) {
	t.Helper()
	r := NewReader(in, limit)
	var got []string
	for {
		v, err := r.Next()
		if err == io.EOF {
			return got, nil
		}
		if err != nil {
			return got, err
		}
		got = append(got, string(v))
	}
}

func TestEveryLineIsAValue(t *testing.T) {
	cases := []struct {
		name, in string
		want     []string
	}{
		{"nothing", "", nil},
		{"one line", "7\n", []string{"7"}},
		{"the last line without its end", "7\n8", []string{"7", "8"}},
		{"DOS line ends", "7\r\n8\r\n", []string{"7", "8"}},
		{"a DOS file without the last end", "7\r\n8", []string{"7", "8"}},
		{"empty lines are empty values", "\n7\n\n\r\n8\n", []string{"", "7", "", "", "8"}},
		{"equal lines are different values", "7\n7\n7\n", []string{"7", "7", "7"}},
		{"blanks and other bytes belong to the value", " 7 \n\x00\xff\n7\r8\n", []string{" 7 ", "\x00\xff", "7\r8"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			for _, in := range []io.Reader{strings.NewReader(c.in), iotest.OneByteReader(strings.NewReader(c.in)), iotest.DataErrReader(strings.NewReader(c.in))} {
				got, err := readAll(t, in, 100)
				if err != nil || !slices.Equal(got, c.want) {
					t.Errorf("read %q, %v; want %q", got, err, c.want)
				}
			}
		})
	}
}

func TestALineOverTheLimitIsNamed(t *testing.T) {
	const limit = 10
	for _, tooLong := range []int{limit + 1, readAhead - 1, readAhead, readAhead + 1, 3 * readAhead} {
		for _, end := range []string{"\n", "\r\n", ""} {
			in := "1\n" + strings.Repeat("x", limit) + "\r\n" + strings.Repeat("x", tooLong) + end
			got, err := readAll(t, strings.NewReader(in), limit)
			var e *TooLongError
			if !errors.As(err, &e) || e.Line != 3 || e.Limit != limit {
				t.Errorf("%d bytes: error %v, want one that names line 3 and the limit of %d", tooLong, err, limit)
			}
			if len(got) != 2 {
				t.Errorf("%d bytes: got %d values before it, want 2", tooLong, len(got))
			}
		}
	}
}

func TestALineMayFillTheWholeBuffer(t *testing.T) {
	const limit = readAhead + 5000
	value := strings.Repeat("x", limit)
	for _, end := range []string{"\n", "\r\n", ""} {
		got, err := readAll(t, strings.NewReader("1\n"+value+end), limit)
		if err != nil || len(got) != 2 || got[1] != value {
			t.Errorf("end %q: %d values, %v; want both", end, len(got), err)
		}
	}
}

func TestAFailingInputIsAnError(t *testing.T) {
	in := io.MultiReader(strings.NewReader("1\n2"), iotest.ErrReader(errors.New("torn cable")))
	got, err := readAll(t, in, 100)
	if err == nil || !strings.Contains(err.Error(), "line 2") || !strings.Contains(err.Error(), "torn cable") {
		t.Errorf("error %v, want one that names line 2 and the cause", err)
	}
	if len(got) != 1 {
		t.Errorf("%q were given out, want the one whole line", got)
	}
}

func BenchmarkReader(b *testing.B) {
	text := bytes.Repeat([]byte("12345\n"), 10_000)
	in := bytes.NewReader(text)
	r := NewReader(in, 1000)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Next(); err == io.EOF {
			in.Seek(0, io.SeekStart)
			r = NewReader(in, 1000)
		}
	}
}

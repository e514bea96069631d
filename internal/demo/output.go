package demo

import (
	"bytes"
	"fmt"
	"io"
	"os"
)

// output counts the values in a file that a learner writes.
type output struct {
	file   *os.File
	values int
	buffer []byte
}

func openOutput(path string) (*output, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open a learner's output: %w", err)
	}
	return &output{file: f, buffer: make([]byte, 64<<10)}, nil
}

// count is how many values have been printed by now.
func (o *output) count() (int, error) {
	for {
		n, err := o.file.Read(o.buffer)
		o.values += bytes.Count(o.buffer[:n], []byte("\n"))
		if err == io.EOF {
			return o.values, nil
		}
		if err != nil {
			return o.values, fmt.Errorf("read a learner's output: %w", err)
		}
	}
}

func (o *output) close() { o.file.Close() }

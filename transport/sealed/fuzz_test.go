package sealed

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// FuzzReadSecret: a key file gives the text in it without the white space around it, or an error that names the file
// and does not tell the key.
func FuzzReadSecret(f *testing.F) {
	f.Add([]byte("correct horse battery staple\n"))
	f.Add([]byte(" \t0123456789abcde\r\n"))
	f.Add(bytes.Repeat([]byte("x"), MaxSecret))
	f.Add(bytes.Repeat([]byte("x"), MaxSecret+1))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, text []byte) {
		path := filepath.Join(t.TempDir(), "key")
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		secret, err := ReadSecret(path)
		trimmed := bytes.TrimSpace(text)
		if good := len(text) <= MaxSecret && len(trimmed) >= MinSecret; good != (err == nil) {
			t.Fatalf("%q: %v", text, err)
		}
		switch {
		case err == nil && !bytes.Equal(secret, trimmed):
			t.Fatalf("%q is read as %q", text, secret)
		case err != nil && !bytes.Contains([]byte(err.Error()), []byte(path)):
			t.Fatalf("%v does not name the file", err)
		case err == nil:
			if _, err := newKeyring(secret, 1); err != nil {
				t.Fatal(err)
			}
		}
	})
}

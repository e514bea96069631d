package sealed

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func keyFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "the.key")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAKeyIsTheTextOfAFileWithoutTheSpaceAroundIt(t *testing.T) {
	long := strings.Repeat("k", MaxSecret)
	for text, want := range map[string]string{
		"0123456789abcdef":         "0123456789abcdef",
		"\n 0123456789 abcdef\r\n": "0123456789 abcdef",
		long:                       long,
	} {
		if got, err := ReadSecret(keyFile(t, text)); err != nil || string(got) != want {
			t.Errorf("%q is the key %q, %v", text, got, err)
		}
	}
}

func TestAKeyThatIsTooShortTooLongOrMissingIsRefused(t *testing.T) {
	for text, says := range map[string]string{
		"":                               "0 bytes",
		"0123456789abcde":                "15 bytes",
		"0123456789abc  \n":              "at least 16",
		strings.Repeat("k", MaxSecret+1): "longer than 4096",
	} {
		path := keyFile(t, text)
		if _, err := ReadSecret(path); err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), path) {
			t.Errorf("a key of %d bytes: %v; want the file and %q", len(text), err, says)
		}
	}
	if _, err := ReadSecret("/no/such.key"); err == nil || !strings.Contains(err.Error(), "/no/such.key") {
		t.Errorf("a missing file: %v", err)
	}
	if _, err := ReadSecret("/dev/zero"); err == nil {
		t.Error("a file without an end was read")
	}
}

func TestAKeyFileIsExposedIfOthersReadOrAnotherWritesIt(t *testing.T) {
	path := keyFile(t, testSecret)
	for mode, want := range map[os.FileMode]bool{0o600: false, 0o400: false, 0o640: false, 0o644: true, 0o620: true, 0o602: true, 0o601: true} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if got, err := Exposed(path); err != nil || got != want {
			t.Errorf("mode %o: exposed %v, %v", mode, got, err)
		}
	}
	if _, err := Exposed("/no/such.key"); err == nil {
		t.Error("a missing file has permissions")
	}
}

func TestOptionsThatCannotWorkAreRefused(t *testing.T) {
	for says, o := range map[string]Options{
		"at least 16": {Secret: Secret("short")},
		"-1s":         {Secret: Secret(testSecret), Tolerance: -time.Second},
		"1.5s":        {Secret: Secret(testSecret), Tolerance: 1500 * time.Millisecond},
		"24h0m1s":     {Secret: Secret(testSecret), Tolerance: MaxTolerance + time.Second},
	} {
		if _, err := Wrap(nil, o); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%+v: %v; want %q", o, err, says)
		}
	}
}

package server

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
)

// FuzzQuery: whatever stands in a query, it is taken for what it says or refused as a bad request.
func FuzzQuery(f *testing.F) {
	for _, query := range []string{
		"", "from=3&limit=10&format=ndjson", "at=1,2,18446744073709551615", "at=" + strings.Repeat("1,", maxIndexes), "from=-1",
		"from=1&from=2", "limit=%31", "timeout=10s", "timeout=-1ns", "timeout=9999999h", "x=1", "a;b", "%", "at=,", "consistency=stale&timeout=1e3s",
	} {
		f.Add(query)
	}
	names := []string{"from", "limit", "at", "consistency", "format", "timeout"}
	f.Fuzz(func(t *testing.T, query string) {
		r := (&http.Request{URL: &url.URL{RawQuery: query}, Header: http.Header{}}).WithContext(context.Background())
		x := &exchange{r: r, s: &Server{limits: Limits{Wait: time.Second, MaxWait: time.Minute}}}
		q, err := x.query(names...)
		if err != nil {
			wantBad(t, query, err)
			return
		}
		for name := range q {
			if !strings.Contains(strings.Join(names, " "), name) || len(q[name]) != 1 {
				t.Fatalf("%q: parameter %q was taken", query, name)
			}
		}
		if n, err := index(q, "from", 7); err != nil {
			wantBad(t, query, err)
		} else if text := q.Get("from"); q.Has("from") && strings.TrimLeft(text, "0") != strings.TrimLeft(strconv.FormatUint(n, 10), "0") {
			t.Fatalf("%q: from is %d", query, n)
		}
		if list, err := parseIndexes(q.Get("at")); err != nil {
			wantBad(t, query, err)
		} else if len(list) == 0 || len(list) > maxIndexes {
			t.Fatalf("%q: %d indexes", query, len(list))
		}
		ctx, cancel, err := x.waiting(q)
		if err != nil {
			wantBad(t, query, err)
			return
		}
		defer cancel()
		if due, ok := ctx.Deadline(); !ok || time.Until(due) > time.Minute {
			t.Fatalf("%q: waits until %v", query, due)
		}
	})
}

func wantBad(t *testing.T, query string, err error) {
	t.Helper()
	var f *failure
	if !errors.As(err, &f) || f.status != http.StatusBadRequest || f.Outcome != notDone {
		t.Fatalf("%q: %v", query, err)
	}
}

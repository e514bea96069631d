package protocol

import "flag"

// Property tests are the same every time. To look further afield:
//
//	go test -rapid.seed=0 -rapid.checks=10000 -run Random
func init() {
	for name, value := range map[string]string{"rapid.seed": "1", "rapid.nofailfile": "true"} {
		if err := flag.Set(name, value); err != nil {
			panic(err)
		}
	}
}

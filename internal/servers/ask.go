package servers

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// Status is what we read of a server's GET /v1/status.
type Status struct {
	ID      int    `json:"id"`
	Leads   bool   `json:"leads"`
	Leader  int    `json:"leader"` // 0: none is known
	Decided uint64 `json:"decided"`
	Applied uint64 `json:"applied"`
	Length  uint64 `json:"length"` // of the list
	Trim    uint64 `json:"trim"`

	// Members are those of the cluster, as the server knows it.
	Members []Member `json:"members"`
}

// Member is one of Status.Members.
type Member struct {
	ID      int    `json:"id"`
	Address string `json:"address"`
	Voter   bool   `json:"voter"`
}

// patience is how long a server may take to say how it is.
const patience = 2 * time.Second

// Client reaches the servers, in their network, with the cluster's TLS settings.
func (c *Cluster) Client() *http.Client { return c.client }

// URL is where server i has path.
func (c *Cluster) URL(i int, path string) string {
	scheme := "http"
	if c.options.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + c.Address(i) + path
}

// Status asks server i how it is.
func (c *Cluster) Status(ctx context.Context, i int) (Status, error) {
	var s Status
	body, err := c.get(ctx, i, "/v1/status")
	if err == nil {
		err = json.Unmarshal(body, &s)
	}
	if err != nil {
		return s, fmt.Errorf("ask server %d for its status: %w", i, err)
	}
	return s, nil
}

// Ready reports whether server i says that it is ready.
func (c *Cluster) Ready(ctx context.Context, i int) bool {
	_, err := c.get(ctx, i, "/readyz")
	return err == nil
}

func (c *Cluster) get(ctx context.Context, i int, path string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL(i, path), nil)
	if err != nil {
		return nil, err
	}
	if c.options.Token != "" {
		request.Header.Set("Authorization", "Bearer "+c.options.Token)
	}
	answer, err := c.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %.200s", answer.Status, body)
	}
	return body, err
}

// Leader returns the server that leads and that a majority of the voters, as it
// knows them, calls their leader; 0 where there is none. Where the voters are
// not told, all servers are.
func (c *Cluster) Leader(ctx context.Context) int {
	all := c.everyStatus(ctx)
	for i, s := range all {
		if s == nil || !s.Leads || s.Leader != i+1 {
			continue
		}
		voters, agree := s.voters(len(all)), 0
		for _, v := range voters {
			if v <= len(all) && all[v-1] != nil && all[v-1].Leader == s.Leader {
				agree++
			}
		}
		if agree > len(voters)/2 {
			return s.Leader
		}
	}
	return 0
}

// voters are the numbers of those who vote, of count servers.
func (s *Status) voters(count int) (all []int) {
	for _, m := range s.Members {
		if m.Voter {
			all = append(all, m.ID)
		}
	}
	if len(s.Members) > 0 {
		return all
	}
	for i := range count {
		all = append(all, i+1)
	}
	return all
}

// everyStatus asks all servers that run at once; nil for those that do not answer.
func (c *Cluster) everyStatus(ctx context.Context) []*Status {
	all := make([]*Status, c.Count())
	c.askAll(func(i int) {
		if s, err := c.Status(ctx, i); err == nil {
			all[i-1] = &s
		}
	})
	return all
}

// askAll calls ask for every server that runs, at the same time.
func (c *Cluster) askAll(ask func(i int)) {
	done := make(chan struct{}, c.Count())
	asked := 0
	for i := 1; i <= c.Count(); i++ {
		if !c.Running(i) {
			continue
		}
		asked++
		go func() {
			ask(i)
			done <- struct{}{}
		}()
	}
	for range asked {
		<-done
	}
}

// WaitLeader waits until there is a leader, and returns it. It fails when ctx ends
// or when a server ended that nobody asked to.
func (c *Cluster) WaitLeader(ctx context.Context) (leader int, err error) {
	err = c.Wait(ctx, "a leader", func() bool {
		leader = c.Leader(ctx)
		return leader != 0
	})
	return leader, err
}

// WaitReady waits until a majority of the servers is ready.
func (c *Cluster) WaitReady(ctx context.Context) error {
	return c.Wait(ctx, "a majority to be ready", func() bool {
		ready := make(chan int, c.Count())
		c.askAll(func(i int) {
			if c.Ready(ctx, i) {
				ready <- i
			}
		})
		return len(ready) > c.Count()/2
	})
}

// Wait asks again and again until the answer is yes, and gives up when ctx ends
// or when a server ended that nobody asked to. what says what is awaited.
func (c *Cluster) Wait(ctx context.Context, what string, answer func() bool) error {
	err := c.children.Wait(ctx, what, func() (bool, error) { return answer(), nil })
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("%w; the logs are in %s", err, c.Dir())
	}
	return err
}

package listclient

import "context"

// findLeader makes the leader the server that is asked, if it is one of ours and works: any server takes any
// request, but only the leader need not pass it on. It runs in the background when a session was opened and
// when a batch got through after a failure; one look at a time is enough.
func (c *Client) findLeader() {
	if len(c.servers.all) < 2 || !c.looking.CompareAndSwap(false, true) {
		return
	}
	c.start(func() {
		defer c.looking.Store(false)
		ctx, cancel := context.WithTimeout(c.ctx, c.cfg.Timeout)
		defer cancel()
		st, err := c.Status(ctx, "")
		if err != nil {
			return
		}
		for _, m := range st.Members {
			if m.ID != st.Leader {
				continue
			}
			if s := c.servers.named(m.Address); s != nil {
				c.servers.prefer(s)
			}
		}
	})
}

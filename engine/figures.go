package engine

// MachineFigures are what monitoring wants to know of the machine at a moment.
type MachineFigures struct {
	Applied          uint64 // commands of the list that it has applied, or got in an image
	Behind           uint64 // commands of the list that it has not applied yet
	Waiting          uint64 // commands that wait for their result here
	Images, Restores uint64 // written since the start, gone on from
	ImageBytes       uint64 // of the newest image, before compression
	ImageCommands    uint64 // that it stands for
}

// MachineFigures tells how the machine is; false: there is none.
func (e *Engine) MachineFigures() (f MachineFigures, ok bool) {
	r := e.reader
	if r == nil {
		return f, false
	}
	newest := e.node.Images().Newest
	f = MachineFigures{
		Applied: r.next.Load(), Waiting: uint64(r.results.count.Load()),
		Images: r.images.Load(), Restores: r.restores.Load(),
		ImageBytes: newest.Bytes, ImageCommands: newest.Index,
	}
	f.Behind = max(e.node.View().Length(), f.Applied) - f.Applied
	return f, true
}

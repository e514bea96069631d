package main

// imageMutants are those of images, in all rooms.
var imageMutants = []mutant{
	{
		Name: "image-lacks-its-end", Shape: "images",
		What:    "an image is named before its last pieces are written",
		File:    "storage/image.go",
		Line:    `if err := w.flush(); err != nil {`,
		Planted: `if err := error(nil); err != nil {`,
	},
	{
		Name: "fetched-image-lacks-its-end", Shape: "images",
		What:    "a checkpoint names a fetched image without the pieces that wait to be written",
		File:    "storage/checkpoint.go",
		Line:    `if err := c.Image.writePending(tx); err != nil {`,
		Planted: `if err := error(nil); err != nil {`,
	},
	{
		Name: "older-image-named", Shape: "images",
		What:    "an image is named though a newer one was installed while it was written",
		File:    "storage/image.go",
		Line:    `if image.Index <= named.Newest.Index {`,
		Planted: `if false {`,
	},
	{
		Name: "older-image-installed", Shape: "images",
		What:    "a peer's image takes the place of a newer one of this store",
		File:    "storage/image.go",
		Line:    `if index > named.Newest.Index {`,
		Planted: `if true {`,
	},
	{
		Name: "chunks-dropped-for-an-image-to-come", Rule: 7, Shape: "images",
		What:    "chunks are dropped when an image is begun that will stand for them, not when it is durable",
		File:    "storage/image.go",
		Line:    `s.writing[s.generation] = true`,
		Planted: `s.writing[s.generation] = true; named := s.Images(); named.Kept = s.last.ChunkCount; s.images.Store(&named)`,
	},
	{
		Name: "pieces-under-way-dropped", Shape: "images",
		What:    "pieces of an image that is being written are taken for remains of an old one",
		File:    "storage/image.go",
		Line:    `if g == named.Newest.Generation || g == named.Before.Generation || s.writing[g] || s.holding(g) {`,
		Planted: `if g == named.Newest.Generation || g == named.Before.Generation || s.holding(g) {`,
	},
	{
		Name: "chunks-to-come-dropped", Shape: "images",
		What:    "chunks that no checkpoint has yet are noted as dropped",
		File:    "storage/image.go",
		Line:    `named.Kept = max(named.Kept, named.Newest.Front(s.last.ChunkCount))`,
		Planted: `named.Kept = max(named.Kept, named.Newest.Front(1<<40))`,
	},
	{
		Name: "chunk-behind-image-skipped", Shape: "images",
		What:    "the first chunk behind a peer's image is not fetched",
		File:    "node/catchup.go",
		Line:    `m.Fetcher.WantAlso(image.Index/protocol.ChunkEntries, chunks, &m.out)`,
		Planted: `m.Fetcher.WantAlso(image.Index/protocol.ChunkEntries+1, chunks, &m.out)`,
	},
	{
		Name: "image-of-two", Shape: "images",
		What:    "a machine that is restored reads on in a newer image, when there is one",
		File:    "engine/image.go",
		Line:    `encoded, err := r.node.ImagePiece(r.image.Generation, r.next)`,
		Planted: `encoded, err := r.node.ImagePiece(r.node.Images().Newest.Generation, r.next)`,
	},
	{
		Name: "image-claims-too-much", Shape: "images",
		What:    "an image says that it stands for all that is decided, not for what the machine has applied",
		File:    "engine/reader.go",
		Line:    `err = r.writeImage(ctx, r.next.Load())`,
		Planted: `err = r.writeImage(ctx, r.node.View().Length())`,
	},
	{
		Name: "held-chunks-dropped", Shape: "images",
		What:    "chunks that are held for a backup are dropped",
		File:    "storage/hold.go",
		Line:    `kept = h.image.Front(kept)`,
		Planted: ``,
	},
	{
		Name: "backup-of-two-lists", Shape: "images",
		What:    "a backup goes on from an old image though a peer's has come, behind which the list goes on",
		File:    "storage/hold.go",
		Line:    `return h.installs == h.store.installs`,
		Planted: `return true`,
	},
}

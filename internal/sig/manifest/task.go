package manifest

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"runtime"
	"sync"
	"syscall"

	"kai/internal/digest"
)

// task is one path on its way from the walk, through a worker that hashes it,
// to the output.
type task struct {
	found found  // dir is nil if there is nothing to hash
	want  *Entry // what the manifest says, if it is compared with one
	entry Entry
	diff  *Difference
	err   error
	done  sync.WaitGroup
}

// tasks carries tasks through the workers and keeps their order.
type tasks struct {
	algorithm digest.Algorithm
	pool      *digest.Pool
	workers   int

	order chan *task // all tasks, for the output
	todo  chan *task // those to hash
}

func newTasks(a digest.Algorithm, workers int) *tasks {
	if workers < 1 {
		workers = runtime.GOMAXPROCS(0)
	}
	workers = min(workers, maxWorkers)
	return &tasks{
		algorithm: a,
		pool:      digest.NewPool(workers),
		workers:   workers,
		order:     make(chan *task, windowTasks),
		todo:      make(chan *task, windowTasks),
	}
}

// run calls produce, which calls add, on a goroutine of its own, and each on
// the caller's for every task in the order of add. It returns the first error
// of a task, of each or of produce, after all goroutines have ended.
func (t *tasks) run(ctx context.Context, produce func(context.Context) error, each func(*task) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wait sync.WaitGroup
	var produced error
	wait.Go(func() {
		defer close(t.order)
		defer close(t.todo)
		produced = produce(ctx)
	})
	for range t.workers {
		wait.Go(func() {
			for task := range t.todo {
				t.hash(ctx, task)
				task.found.dir.release()
				task.done.Done()
			}
		})
	}
	var err error
	for task := range t.order {
		task.done.Wait()
		if err == nil {
			err = task.err
		}
		if err == nil {
			err = each(task)
		}
		if err != nil {
			cancel(err)
		}
	}
	wait.Wait()
	switch {
	case err != nil:
		return err
	case produced != nil:
		return produced
	}
	return context.Cause(ctx) // a work that was called off is not done, even if nothing was left to do
}

// add hands over a task, and waits if too many are under way.
func (t *tasks) add(ctx context.Context, task *task) error {
	if task.found.dir == nil {
		return send(ctx, t.order, task)
	}
	task.found.dir.hold()
	task.done.Add(1)
	err := send(ctx, t.order, task)
	if err != nil {
		task.found.dir.release()
		return err
	}
	t.todo <- task // workers take until it is closed, whatever the context
	return nil
}

func send(ctx context.Context, to chan<- *task, task *task) error {
	select {
	case to <- task:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// hash fills in the entry of a regular file or link.
func (t *tasks) hash(ctx context.Context, k *task) {
	if k.err = context.Cause(ctx); k.err != nil {
		return
	}
	k.entry.Path = k.found.path()
	var err error
	if k.found.name.kind == fs.ModeSymlink {
		err = t.link(k)
	} else {
		err = t.file(ctx, k)
	}
	if err != nil && context.Cause(ctx) == nil {
		err = at(k.entry.Path, err)
	}
	k.err = err
}

func (t *tasks) link(k *task) error {
	target, err := k.found.dir.root.Readlink(k.found.name.raw)
	if errors.Is(err, syscall.EINVAL) {
		return ErrChanged // not a link any more
	}
	if err != nil {
		return err
	}
	h := t.algorithm.New()
	h.Write([]byte(target))
	k.entry.Type, k.entry.Size, k.entry.Sum = Link, int64(len(target)), h.Sum(nil)
	return nil
}

// file hashes a regular file, unless type and size already tell that it is not
// what was wanted: then the sum stays nil.
//
// os.Root follows links inside the tree, so the name is looked at again when
// all is read: it must still be the file that was opened.
func (t *tasks) file(ctx context.Context, k *task) error {
	root, name := k.found.dir.root, k.found.name.raw
	f, err := root.OpenFile(name, openFlags, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	opened, err := f.Stat()
	if err != nil {
		return err
	}
	if !opened.Mode().IsRegular() {
		return ErrChanged
	}
	k.entry.Type, k.entry.Size = typeOf(opened), opened.Size()
	if k.want != nil && (k.entry.Type != k.want.Type || k.entry.Size != k.want.Size && k.entry.Size != 0) {
		return nil
	}
	if k.entry.Sum, k.entry.Size, err = t.pool.File(ctx, f, t.algorithm); err != nil {
		return err
	}
	named, err := root.Lstat(name)
	if err != nil {
		return err
	}
	if !os.SameFile(opened, named) || typeOf(named) != k.entry.Type {
		return ErrChanged
	}
	return nil
}

func typeOf(info fs.FileInfo) Type {
	if info.Mode()&0o100 != 0 {
		return Executable
	}
	return File
}

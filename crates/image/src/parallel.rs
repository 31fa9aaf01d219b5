//! Work in parallel whose results come out in order, with a bound on what is under way.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Does jobs `0..count` on so many threads of a pool of its own, and hands what they give to `take`, job by job in their order,
/// on the calling thread. A job gives any number of results by calling what it is handed, which says whether to go on.
///
/// No job is begun that is more than twice as many as there are threads ahead of the one that is taken from, and none gets
/// further ahead than a few results, so that memory is bounded however slow `take` is. When `take` fails, jobs end early.
///
/// Where no threads can be had, the calling one does the jobs.
///
/// # Errors
///
/// What `take` gives.
pub(crate) fn ordered<T: Send, E>(
    count: usize,
    threads: usize,
    job: impl Fn(usize, &mut dyn FnMut(T) -> bool) + Sync,
    mut take: impl FnMut(T) -> Result<(), E>,
) -> Result<(), E> {
    let threads = threads.clamp(1, count.max(1));
    let Ok(pool) = rayon::ThreadPoolBuilder::new().num_threads(threads).build() else {
        return alone(count, job, take);
    };
    let window = Window { state: Mutex::new(State::new(count, threads)), changed: Condvar::new() };
    pool.in_place_scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|_| {
                while let Some(index) = window.begin() {
                    // Also when the job panics, so that nobody waits for it for ever.
                    let _end = End { window: &window, index };
                    job(index, &mut |result| window.put(index, result));
                }
            });
        }
        // Also when `take` panics.
        let _stop = Stop(&window);
        while let Some(result) = window.next() {
            take(result)?;
        }
        Ok(())
    })
}

/// The same without threads.
fn alone<T, E>(
    count: usize,
    job: impl Fn(usize, &mut dyn FnMut(T) -> bool),
    mut take: impl FnMut(T) -> Result<(), E>,
) -> Result<(), E> {
    let mut done = Ok(());
    for index in 0..count {
        job(index, &mut |result| {
            done = take(result);
            done.is_ok()
        });
        if done.is_err() {
            break;
        }
    }
    done
}

/// The jobs that are under way.
struct Window<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

struct State<T> {
    count: usize,
    /// How many jobs there are places for.
    places: usize,
    /// The job that is taken from.
    head: usize,
    /// The job that is begun next.
    next: usize,
    /// Those from `head` up to `next`.
    under_way: VecDeque<Job<T>>,
    stopped: bool,
}

struct Job<T> {
    results: VecDeque<T>,
    ended: bool,
}

/// A job that has so many results waiting waits itself.
const MAX_WAITING: usize = 2;

impl<T> State<T> {
    fn new(count: usize, threads: usize) -> Self {
        State { count, places: threads * 2, head: 0, next: 0, under_way: VecDeque::new(), stopped: false }
    }

    fn job(&mut self, index: usize) -> Option<&mut Job<T>> {
        self.under_way.get_mut(index.checked_sub(self.head)?)
    }
}

impl<T> Window<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // What a panic leaves is still whole: no step changes it in two places that it could fall between.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'s>(&self, state: MutexGuard<'s, State<T>>) -> MutexGuard<'s, State<T>> {
        self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self) -> Option<usize> {
        let mut state = self.lock();
        loop {
            if state.stopped || state.next >= state.count {
                return None;
            }
            if state.next < state.head + state.places {
                let index = state.next;
                state.next += 1;
                state.under_way.push_back(Job { results: VecDeque::new(), ended: false });
                return Some(index);
            }
            state = self.wait(state);
        }
    }

    fn put(&self, index: usize, result: T) -> bool {
        let mut state = self.lock();
        while !state.stopped && state.job(index).is_some_and(|job| job.results.len() >= MAX_WAITING) {
            state = self.wait(state);
        }
        if let Some(job) = state.job(index) {
            job.results.push_back(result);
        }
        self.changed.notify_all();
        !state.stopped
    }

    fn next(&self) -> Option<T> {
        let mut state = self.lock();
        loop {
            let all_taken = state.head >= state.count;
            match state.under_way.front_mut() {
                Some(job) => {
                    if let Some(result) = job.results.pop_front() {
                        self.changed.notify_all();
                        return Some(result);
                    }
                    if job.ended {
                        state.under_way.pop_front();
                        state.head += 1;
                        self.changed.notify_all();
                        continue;
                    }
                }
                None if all_taken => return None,
                None => {}
            }
            state = self.wait(state);
        }
    }
}

struct End<'w, T> {
    window: &'w Window<T>,
    index: usize,
}

impl<T> Drop for End<'_, T> {
    fn drop(&mut self) {
        let mut state = self.window.lock();
        if let Some(job) = state.job(self.index) {
            job.ended = true;
        }
        self.window.changed.notify_all();
    }
}

struct Stop<'w, T>(&'w Window<T>);

impl<T> Drop for Stop<'_, T> {
    fn drop(&mut self) {
        self.0.lock().stopped = true;
        self.0.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;

    #[derive(Debug, PartialEq)]
    struct Failed(usize);

    #[test]
    fn results_come_in_the_order_of_jobs_whatever_each_takes() {
        for threads in [1, 2, 5] {
            let mut taken = Vec::new();
            let job = |index: usize, put: &mut dyn FnMut((usize, usize)) -> bool| {
                std::thread::sleep(Duration::from_millis(if index.is_multiple_of(3) { 4 } else { 0 }));
                for part in 0..index % 7 {
                    assert!(put((index, part)));
                }
            };
            let done: Result<(), Failed> = ordered(40, threads, job, |result| {
                taken.push(result);
                Ok(())
            });
            assert_eq!(done, Ok(()));
            let expected: Vec<_> = (0..40).flat_map(|index| (0..index % 7).map(move |part| (index, part))).collect();
            assert_eq!(taken, expected);
        }
    }

    #[test]
    fn no_more_is_under_way_than_there_is_room_for() {
        let (made, taken) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let job = |_: usize, put: &mut dyn FnMut(()) -> bool| {
            for _ in 0..10 {
                let ahead = made.fetch_add(1, Ordering::SeqCst) + 1 - taken.load(Ordering::SeqCst);
                // Two threads: four jobs with two results each, one in each thread's hand, and one that was just taken.
                assert!(ahead <= 4 * MAX_WAITING + 3, "{ahead}");
                put(());
            }
        };
        let done: Result<(), Failed> = ordered(20, 2, job, |()| {
            std::thread::sleep(Duration::from_micros(200));
            taken.fetch_add(1, Ordering::SeqCst);
            Ok(())
        });
        assert_eq!(done, Ok(()));
        assert_eq!(made.load(Ordering::SeqCst), 200);
    }

    #[test]
    fn a_failure_ends_the_work_early() {
        let begun = AtomicUsize::new(0);
        let job = |index: usize, put: &mut dyn FnMut(usize) -> bool| {
            begun.fetch_add(1, Ordering::SeqCst);
            while put(index) {}
        };
        let done = ordered(1_000_000, 2, job, |result| if result == 0 { Err(Failed(result)) } else { Ok(()) });
        assert_eq!(done, Err(Failed(0)));
        assert!(begun.load(Ordering::SeqCst) <= 4);
    }

    #[test]
    fn a_panic_in_a_job_reaches_the_caller_and_hangs_nobody() {
        let job = |index: usize, put: &mut dyn FnMut(usize) -> bool| {
            assert!(index != 3, "job 3");
            put(index);
        };
        let run = || ordered(10, 2, job, |_| Ok::<(), Failed>(()));
        assert!(std::panic::catch_unwind(run).is_err());
    }

    #[test]
    fn without_threads_all_is_the_same() {
        let job = |index: usize, put: &mut dyn FnMut(usize) -> bool| while put(index) && index < 2 {};
        let mut taken = Vec::new();
        let done = alone(9, job, |result| {
            taken.push(result);
            if taken.len() < 3 { Ok(()) } else { Err(Failed(result)) }
        });
        assert_eq!((done, taken), (Err(Failed(0)), vec![0, 0, 0]));
    }

    #[test]
    fn no_jobs_are_done_at_once() {
        let job = |_: usize, _: &mut dyn FnMut(()) -> bool| panic!("there is none");
        assert_eq!(ordered(0, 4, job, |()| Err(Failed(0))), Ok(()));
    }
}

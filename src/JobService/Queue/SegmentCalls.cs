namespace ForegSyte.Jobs.Queue;

/// <summary>
/// The segments in flight at each InferenceService. A lost InferenceService takes all of them with it, so a loss tells
/// which job caused it only if no other job had a segment there. Thread-safe.
/// </summary>
internal sealed class SegmentCalls
{
    private readonly Lock _lock = new();
    private readonly HashSet<Call> _calls = [];

    /// <summary>Begins the call of a segment, which no InferenceService has yet.</summary>
    public Call Begin(Guid jobId) => new(this, jobId);

    /// <summary>A segment that an InferenceService has, or none yet.</summary>
    internal sealed class Call(SegmentCalls all, Guid jobId) : IDisposable
    {
        private readonly Guid _jobId = jobId;
        private Uri? _instance;
        private bool _isShared;

        /// <summary>
        /// An InferenceService gets the segment. One that had it before can be lost, as it is with a repeated call.
        /// </summary>
        public void MoveTo(Uri instance)
        {
            lock (all._lock)
            {
                ShareLocked();
                _instance = instance;
                all._calls.Add(this);
            }
        }

        /// <summary>The InferenceService does not have the segment any more.</summary>
        public void Leave()
        {
            lock (all._lock)
            {
                LeaveLocked();
            }
        }

        /// <summary>
        /// The InferenceService is lost. Returns whether another job had a segment there. The losses of one
        /// InferenceService arrive one after the other, so each one tells the segments that are still in flight.
        /// </summary>
        public bool Lose()
        {
            lock (all._lock)
            {
                ShareLocked();
                LeaveLocked();
                return _isShared;
            }
        }

        /// <inheritdoc />
        public void Dispose() => Leave();

        private void ShareLocked()
        {
            foreach (var other in all._calls.Where(
                other => other._jobId != _jobId && other._instance == _instance))
            {
                (other._isShared, _isShared) = (true, true);
            }
        }

        private void LeaveLocked()
        {
            _instance = null;
            all._calls.Remove(this);
        }
    }
}

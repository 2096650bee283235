using System.Diagnostics;
using ForegSyte.Protocol.Tracing;

namespace ForegSyte.Inference.Tracing;

/// <summary>
/// The span of a child process, from its start to its end, in the trace of the call that started it. A decoder outlives
/// that call, since it goes on with the next segment: so the span is nobody's current one.
/// </summary>
internal sealed class ProcessSpan
{
    private readonly Activity _span;

    private ProcessSpan(Activity span) => _span = span;

    /// <summary>Begins the span of a process that was just started; null where the call is not traced.</summary>
    /// <param name="name">Name of the program: "ffmpeg".</param>
    /// <param name="processId">Its process id.</param>
    public static ProcessSpan? Start(string name, int processId)
    {
        var call = Activity.Current;
        if (InferenceTraces.StartStep(name) is not { } span)
        {
            return null;
        }

        Activity.Current = call;
        span.SetTag("process.executable.name", name).SetTag("process.pid", processId);
        if (call!.GetTagItem(TraceAttributes.JobId) is { } jobId)
        {
            span.SetTag(TraceAttributes.JobId, jobId);
        }

        return new ProcessSpan(span);
    }

    /// <summary>
    /// Ends it. The exit code tells what the process came to; one that is ended early because nobody needs its frames
    /// any more is no error.
    /// </summary>
    public void End(int exitCode)
    {
        var current = Activity.Current;
        _span.SetTag("process.exit.code", exitCode);
        _span.Dispose();

        // Stopping makes the call's span the current one, wherever this is called.
        Activity.Current = current;
    }
}

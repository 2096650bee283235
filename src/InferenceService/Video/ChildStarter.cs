using System.Collections.Concurrent;
using System.Diagnostics;

namespace ForegSyte.Inference.Video;

/// <summary>
/// The one thread that starts child processes. A child asks the kernel to be killed with its parent, and Linux takes
/// for the parent the thread that started it (prctl(2), PR_SET_PDEATHSIG): a thread of the pool ends when it has been
/// idle for a while, and would take with it a decoder in the middle of its work. This one ends with the service.
/// </summary>
internal static class ChildStarter
{
    private static readonly BlockingCollection<Request> Requests = [];

    static ChildStarter() => new Thread(Run) { IsBackground = true, Name = "child starter" }.Start();

    /// <summary>Starts a process; returns when it is there, as Process.Start does.</summary>
    /// <exception cref="System.ComponentModel.Win32Exception">It cannot be started.</exception>
    public static Process Start(ProcessStartInfo start)
    {
        var request = new Request(start, new TaskCompletionSource<Process>());
        Requests.Add(request);

        // Not a wait for the pool, which could starve it: the thread above does nothing but this.
        return request.Started.Task.GetAwaiter().GetResult();
    }

    private static void Run()
    {
        foreach (var (start, started) in Requests.GetConsumingEnumerable())
        {
            try
            {
                started.SetResult(Process.Start(start)!);
            }
            catch (Exception failure)
            {
                // Whatever it is, it belongs to the one who asked; the thread goes on for the others.
                started.SetException(failure);
            }
        }
    }

    private sealed record Request(ProcessStartInfo Start, TaskCompletionSource<Process> Started);
}

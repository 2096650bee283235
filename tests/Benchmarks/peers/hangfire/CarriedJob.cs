namespace ForegSyte.HangfirePeer;

/// <summary>A job that carries a video in its argument. It is enqueued only, never run.</summary>
public static class CarriedJob
{
    public static void Run(string content) =>
        throw new InvalidOperationException($"No worker should run this job of {content.Length} characters.");
}

namespace ForegSyte.JobBenchmarks.Load;

/// <summary>What a load consists of.</summary>
internal enum CallKind
{
    /// <summary>A bare gRPC call that carries bytes both ways and does nothing.</summary>
    Echo,

    /// <summary>SubmitVideo with the video as content and no request_id.</summary>
    Submit,

    /// <summary>GetJob of the ids of the order, drawn at random.</summary>
    Get,

    /// <summary>The first page of ListJobs, of the default size.</summary>
    List,
}

using ForegSyte.V1;

namespace ForegSyte.Jobs.Queue;

/// <summary>What an attempt that went through has made.</summary>
/// <param name="OutputPath">Storage key of the results.</param>
/// <param name="Summary">What was found, in short.</param>
internal sealed record CompletedWork(string OutputPath, JobSummary Summary);

namespace ForegSyte.Client.Uploads;

/// <summary>A stretch of the video that is read at once.</summary>
/// <param name="Offset">Where it begins, in bytes.</param>
/// <param name="Length">How long it is, in bytes.</param>
/// <param name="IsThere">Whether the server has it already.</param>
internal readonly record struct PlannedPart(long Offset, int Length, bool IsThere);

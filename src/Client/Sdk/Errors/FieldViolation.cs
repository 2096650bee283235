namespace ForegSyte.Client;

/// <summary>One field of a request that the server refused.</summary>
/// <param name="Field">Path of the field in the request, for example "options.frame_stride".</param>
/// <param name="Description">What is wrong and what is allowed.</param>
public sealed record FieldViolation(string Field, string Description);

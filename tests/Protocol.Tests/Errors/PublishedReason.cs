namespace ForegSyte.Protocol.Tests.Errors;

/// <summary>One reason as errors.proto publishes it.</summary>
/// <param name="Name">Name without the prefix, for example "JOB_NOT_FOUND".</param>
/// <param name="Number">Number of the enum value.</param>
/// <param name="Code">What its comment begins with, the name of a status code, for example "NOT_FOUND"; empty where it
/// does not begin so.</param>
internal sealed record PublishedReason(string Name, int Number, string Code);

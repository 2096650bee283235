using Microsoft.Extensions.Options;

namespace ForegSyte.Client.DependencyInjection;

/// <summary>Refuses settings at the start of an application for the reasons for which a client refuses them.</summary>
internal sealed class ClientOptionsValidation : IValidateOptions<ForegSyteClientOptions>
{
    /// <inheritdoc />
    public ValidateOptionsResult Validate(string? name, ForegSyteClientOptions options)
    {
        try
        {
            options.Validate();
            return ValidateOptionsResult.Success;
        }
        catch (ArgumentException failure)
        {
            var client = string.IsNullOrEmpty(name) ? "The ForegSyte client" : $"The ForegSyte client '{name}'";
            return ValidateOptionsResult.Fail($"{client}: {failure.Message}");
        }
    }
}

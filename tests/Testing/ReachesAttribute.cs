using System.Reflection;
using ForegSyte.V1;
using Xunit;
using Xunit.v3;

namespace ForegSyte.Testing;

/// <summary>
/// Says that a test gets an error with this reason over a real socket. The claim is checked when the test ends:
/// <see cref="Refusal"/> has to have read such an error. docs/errors.md names these tests, and a reason that no test
/// reaches fails the tests.
/// </summary>
/// <param name="reason">The reason.</param>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
public sealed class ReachesAttribute(ErrorReason reason) : BeforeAfterTestAttribute
{
    /// <summary>The reason.</summary>
    public ErrorReason Reason { get; } = reason;

    /// <inheritdoc />
    public override void After(MethodInfo methodUnderTest, IXunitTest test)
    {
        if (TestContext.Current.TestState?.Result is TestResult.Failed or TestResult.Skipped)
        {
            return;
        }

        Assert.True(
            Refusal.WasRead(Reason),
            $"{methodUnderTest.Name} says that it reaches {Reason}, and has read no error with this reason.");
    }
}

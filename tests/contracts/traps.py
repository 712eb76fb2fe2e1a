"""Every fault of a library that the package steps round, and the tests that show it does.

`shown_by` names tests under tests/upstream that show the fault; `guarded_by` names tests of the right
behaviour. test_traps.py holds that all of them exist.
"""

from dataclasses import dataclass

HERE = "tests/contracts/test_traps.py"


@dataclass(frozen=True)
class Trap:
    """What goes wrong the naive way, where that is shown, and what guards the way round it."""

    what: str
    guarded_by: tuple[str, ...]
    shown_by: tuple[str, ...] = ()


def unit(file: str, *names: str) -> tuple[str, ...]:
    return tuple(f"tests/unit/{file}.py::{name}" for name in names)


def here(*names: str) -> tuple[str, ...]:
    return tuple(f"{HERE}::{name}" for name in names)


def upstream(file: str, *names: str) -> tuple[str, ...]:
    return tuple(f"tests/upstream/test_upstream_{file}.py::{name}" for name in names)


RESUME = "tests/recipes/test_resume.py"

TRAPS = (
    # --- install and start
    Trap(
        "tensorboard is imported by keras-tuner and declared by nobody",
        here("test_undeclared_dependencies_of_others_are_declared_by_us"),
        upstream("packages", "test_keras_tuner_imports_tensorboard_without_declaring_it"),
    ),
    Trap(
        "importlib_resources is imported by tensorflow-datasets when it downloads, not declared",
        here("test_undeclared_dependencies_of_others_are_declared_by_us"),
        upstream(
            "packages",
            "test_tensorflow_datasets_imports_importlib_resources_without_declaring_it",
        ),
    ),
    Trap(
        "importing Keras takes seconds, so listing and help must not",
        (
            "tests/packaging/test_public_names.py::test_looking_around_loads_no_framework",
            "tests/cli/test_cli_help.py"
            "::test_listing_help_and_completion_load_neither_keras_nor_tensorflow",
        ),
    ),
    Trap(
        "no environment variable silences TensorFlow's start-up notices",
        unit(
            "test_devices",
            "test_quiet_start_drops_a_notice_and_keeps_foreign_lines",
            "test_quiet_start_gives_stderr_back_and_keeps_what_came_before_an_error",
        ),
    ),
    Trap(
        "what is built without initial values is initialized by a later symbolic call",
        unit("test_complexity", "test_what_no_memory_holds_is_counted"),
        upstream("layers", "test_variables_without_values_are_made_up_for_later"),
    ),
    # --- augmentation
    Trap(
        "RandomCrop takes one window for the whole batch",
        unit(
            "transforms/test_augment_image",
            "test_equal_images_of_one_batch_are_changed_differently",
        ),
        upstream("layers", "test_random_crop_takes_one_window_for_the_whole_batch"),
    ),
    Trap(
        "RandAugment picks its operation once for the whole batch",
        unit(
            "transforms/test_augment_auto",
            "test_equal_images_of_one_batch_get_different_operations",
        ),
        upstream("layers", "test_rand_augment_picks_its_operation_once_for_the_whole_batch"),
    ),
    Trap(
        "RandAugment's ranges and draws are not the paper's",
        unit(
            "transforms/test_augment_auto",
            "test_the_strongest_magnitude_is_the_published_one",
            "test_geometry_agrees_with_pil",
            "test_rand_augment_applies_a_drawn_operation_half_of_the_time",
        ),
    ),
    Trap(
        "MixUp and CutMix take only dictionaries with one-hot labels",
        unit(
            "transforms/test_augment_batch",
            "test_with_mixing_labels_become_rows_that_sum_to_one",
            "test_integer_labels_and_negative_alpha_are_refused",
        ),
        upstream("layers", "test_mix_up_takes_only_dictionaries_with_one_hot_labels"),
    ),
    Trap(
        "a seeded layer in a parallel map gives other images in every run",
        unit(
            "transforms/test_augment_batch",
            "test_parallel_maps_give_the_same_bits_each_time",
            "test_a_resumed_pass_goes_on_with_the_same_bits",
        ),
        upstream("layers", "test_a_seeded_layer_in_a_parallel_map_is_not_reproducible"),
    ),
    Trap(
        "augmentation layers work in a type and range that depends on the layer",
        unit("transforms/test_augment_image", "test_values_stay_within_the_range")
        + unit(
            "transforms/test_augment_batch",
            "test_labels_sum_to_one_and_values_stay_within_the_range",
        ),
    ),
    Trap(
        "random layers augment when nobody says `training`",
        unit("layers/test_stochastic_depth", "test_default_call_outside_of_fit_is_the_identity"),
    ),
    # --- layers, losses and metrics
    Trap(
        "batch normalization is not fused",
        unit(
            "layers/test_batch_norm",
            "test_the_kernel_serves_training_and_nothing_else",
            "test_a_float32_step_equals_the_stock_layer",
            "test_moving_variance_is_that_of_the_batch_without_correction",
        ),
        upstream("layers", "test_batch_normalization_is_not_fused"),
    ),
    Trap(
        "only one-hot losses smooth labels",
        unit("tasks/test_image_classification", "test_the_loss_is_that_of_keras"),
        upstream("optimizers", "test_the_sparse_loss_has_no_label_smoothing"),
    ),
    Trap(
        "F1Score gives a vector, which callbacks cannot compare",
        unit("tasks/test_image_classification", "test_scores_are_those_of_scikit_learn"),
    ),
    Trap(
        "a metric whose state is bfloat16 stops counting at 256",
        here("test_means_go_on_counting_under_bfloat16"),
    ),
    # --- optimizers
    Trap(
        "callbacks guess which way a metric is better, or refuse",
        unit(
            "recipes/test_callbacks",
            "test_the_best_epoch_is_kept_whichever_way_the_metric_is_better",
        ),
        upstream("training", "test_early_stopping_cannot_tell_the_direction_of_a_custom_metric"),
    ),
    Trap(
        "averaged weights replace the trained ones at the end of fit",
        unit(
            "recipes/test_callbacks",
            "test_averages_are_swapped_in_and_the_raw_weights_put_back_exactly",
            "test_swapping_changes_nothing_in_the_training_that_follows",
        )
        + here("test_a_run_keeps_raw_and_averaged_weights_apart"),
        upstream("optimizers", "test_averaged_weights_replace_the_trained_ones_at_the_end_of_fit"),
    ),
    Trap(
        "Muon has a second decay with a default of its own",
        unit(
            "recipes/test_optimizers",
            "test_weight_decay_moves_matrices_by_what_was_asked_and_nothing_else",
        )
        + unit("layers/test_regularize", "test_muon_decays_both_its_halves_as_asked"),
        upstream("optimizers", "test_muon_has_a_second_decay_with_a_default_of_its_own"),
    ),
    Trap(
        "a piecewise schedule drops one update late",
        unit(
            "recipes/test_optimizers",
            "test_step_drops_with_the_first_update_of_the_given_epoch",
            "test_step_drops_where_pytorch_does",
        ),
        upstream("optimizers", "test_a_piecewise_schedule_drops_one_update_late"),
    ),
    Trap(
        "nothing public gives some weights another rate, or hands slots on to another optimizer",
        unit(
            "recipes/test_optimizers",
            "test_weights_and_slots_are_bit_for_bit_those_of_keras",
            "test_slow_variables_move_as_at_their_share_of_the_rate",
            "test_released_variables_begin_as_in_a_new_optimizer",
        ),
        upstream(
            "optimizers",
            "test_decay_and_update_ask_where_the_adapter_answers",
            "test_slots_lie_in_lists_by_the_position_of_their_weight",
        ),
    ),
    Trap(
        "tf.data's autotuning thread holds up the end of fit",
        unit("data/test_pipeline", "test_the_stream_leaves_nothing_to_tune_while_it_runs"),
    ),
    Trap(
        "exclusions from weight decay go by name, and are lost in the config",
        unit(
            "recipes/test_optimizers",
            "test_weight_decay_moves_matrices_by_what_was_asked_and_nothing_else",
        )
        + unit("layers/test_regularize", "test_weight_decay_spares_biases_and_norm_scales"),
        upstream(
            "optimizers",
            "test_exclusions_from_weight_decay_are_lost_in_the_config",
            "test_exclusions_from_weight_decay_match_by_search",
        ),
    ),
    Trap(
        "clipnorm clips each variable by itself",
        here("test_gradients_are_clipped_by_their_joint_norm"),
    ),
    Trap(
        "gradient accumulation runs schedules and averages ahead, and forgets a remainder",
        here("test_gradient_accumulation_cannot_be_asked_for")
        + unit(
            "recipes/test_accumulation",
            "test_small_batches_train_as_one_large_batch_does",
            "test_between_two_updates_only_the_sums_change",
            "test_an_epoch_holds_whole_updates",
        ),
        upstream(
            "optimizers",
            "test_schedules_run_on_micro_steps_under_gradient_accumulation",
            "test_averages_move_at_micro_steps_under_gradient_accumulation",
            "test_a_remainder_of_gradient_accumulation_is_not_applied",
        ),
    ),
    Trap(
        "mixed_float16 wraps the optimizer: averages and slots are inside",
        unit("recipes/test_callbacks", "test_averages_are_found_inside_the_wrapper_of_float16")
        + here("test_a_checkpoint_of_float16_fits_before_the_first_step"),
    ),
    # --- fit
    Trap(
        "a dataset of unknown length counts one step too many an epoch",
        here("test_optimizer_counts_exactly_the_steps_that_were_trained"),
        upstream("training", "test_a_dataset_of_unknown_length_counts_one_step_too_many_per_epoch"),
    ),
    Trap(
        "fit warns of an argument that nobody gave",
        here("test_training_warns_of_nothing"),
        upstream("training", "test_a_dataset_without_shuffle_false_is_warned_of"),
    ),
    Trap(
        "trainable = True on a model that is trainable already leaves frozen layers frozen",
        unit("recipes/test_finetune", "test_blocks_are_released_from_the_last_to_the_first"),
        upstream(
            "training",
            "test_a_layer_that_was_frozen_stays_so_where_its_model_is_trainable_already",
        ),
    ),
    Trap(
        "a short last batch is traced again, weighs too much, and some devices refuse it",
        unit("data/test_pipeline", "test_every_pass_sees_every_example_once")
        + here("test_every_training_batch_has_the_full_size"),
    ),
    Trap(
        "a mean over batches gives the examples of a short last batch too much weight",
        unit(
            "recipes/test_evaluate",
            "test_every_example_is_predicted_once_and_in_order_whatever_the_batch",
        ),
    ),
    # --- resuming and saving
    Trap(
        "shuffle orders and augmentations cannot be taken up in the middle",
        (
            *unit(
                "data/test_pipeline",
                "test_stream_from_a_later_step_equals_the_rest_of_the_whole_stream",
            ),
            f"{RESUME}::test_run_that_crashed_in_an_epoch_resumes_exactly",
        ),
    ),
    Trap(
        "BackupAndRestore forgets seed generators and early stopping",
        (
            f"{RESUME}::test_early_stopping_ends_a_run_and_a_resume_leaves_it_ended",
            *here("test_a_checkpoint_holds_optimizer_and_seed_generators"),
        ),
        upstream("training", "test_backup_and_restore_forgets_seeds_and_early_stopping"),
    ),
    Trap(
        "the state of seed generators is in no file of Keras",
        unit("test_weights_of_models", "test_seed_generators_are_keyed_apart_from_weights")
        + here("test_a_checkpoint_holds_optimizer_and_seed_generators"),
        upstream("saving", "test_the_state_of_seed_generators_is_not_in_the_file"),
    ),
    Trap(
        "saving overwrites the old file in place",
        (
            *unit(
                "test_files",
                "test_keeps_the_old_file_when_writing_is_interrupted",
                "test_flushes_the_content_before_the_rename",
            ),
            f"{RESUME}::test_sigkill_while_a_checkpoint_is_written_resumes_exactly",
        ),
        upstream("saving", "test_saving_overwrites_the_old_file_in_place"),
    ),
    Trap(
        "Variable.path changes with the next build and is shared by nested backbones",
        unit(
            "test_weights_of_models",
            "test_a_second_build_gives_the_same_keys_in_the_same_order",
            "test_keys_are_layer_names_then_position_and_name_inside_the_leaf",
        ),
        upstream(
            "saving",
            "test_paths_of_variables_change_with_the_next_build",
            "test_two_nested_backbones_share_the_paths_of_their_variables",
        ),
    ),
    Trap(
        "weights of Keras' files go to layers by position, whatever their names",
        unit("test_weights_of_models", "test_a_file_of_another_model_is_refused_by_name"),
    ),
    Trap(
        "loading weights into a compiled model resets its optimizer",
        here("test_loading_weights_leaves_the_optimizer_alone"),
    ),
    Trap(
        "include_optimizer=False is ignored",
        unit("test_weights_of_models", "test_the_optimizer_stays_out_of_the_file"),
        upstream("saving", "test_saving_without_the_optimizer_saves_the_optimizer"),
    ),
    Trap(
        "a truncated file is said to be absent",
        unit("test_weights", "test_every_truncation_is_refused"),
        upstream("saving", "test_a_truncated_file_is_said_to_be_absent"),
    ),
    Trap(
        "loading a .keras file can run code",
        (
            *here("test_a_keras_file_is_not_opened_unasked"),
            *unit("test_composition", "test_a_keras_file_is_not_opened"),
            "tests/cli/test_cli_mistakes.py::test_a_keras_file_needs_the_flag",
        ),
    ),
    Trap(
        "a crafted weight file can claim all memory",
        unit(
            "test_weights",
            "test_claims_of_huge_tensors_and_headers_take_no_memory",
            "test_crafted_headers_are_refused_with_the_reason",
        ),
    ),
    # --- export
    Trap(
        "a built model that was never called cannot be exported to ONNX",
        unit("recipes/test_export", "test_every_label_of_the_test_split_is_the_model_s"),
        upstream("export", "test_a_model_that_was_never_called_cannot_be_exported_to_onnx"),
    ),
    Trap(
        "axes that vary have numbers for names in an ONNX file",
        unit("recipes/test_export", "test_axes_of_an_onnx_file_have_names"),
        upstream("export", "test_axes_that_vary_have_numbers_for_names_in_onnx"),
    ),
    Trap(
        "GELU becomes an operation in ONNX that no runtime has",
        unit("recipes/test_export", "test_gelu_is_held_by_every_format"),
        upstream("export", "test_an_onnx_file_of_gelu_is_refused_by_the_runtime"),
    ),
    Trap(
        "a SavedModel holds every weight twice",
        unit("recipes/test_export", "test_a_saved_model_holds_each_weight_once"),
        upstream("export", "test_a_saved_model_holds_every_weight_twice"),
    ),
    Trap(
        "the function of a SavedModel does not keep the variables that it needs",
        unit("recipes/test_export", "test_batches_of_any_size_are_taken_with_pixels_as_they_are"),
        upstream("export", "test_the_function_of_a_saved_model_does_not_keep_its_variables"),
    ),
    Trap(
        "LiteRT files of recurrent networks convert and cannot be run",
        unit(
            "recipes/test_export",
            "test_text_of_any_length_is_taken_in_every_format",
            "test_what_a_format_cannot_hold_is_refused_with_what_can",
        ),
        upstream("export", "test_litert_writes_a_recurrent_network_that_cannot_be_run"),
    ),
    # --- data
    Trap(
        "TFDS reports data that is missing as a programmer's mistake",
        unit(
            "data/test_tfds",
            "test_a_set_that_is_not_prepared_says_where_and_how",
            "test_an_unknown_name_gives_the_nearest",
        ),
        upstream("packages", "test_data_that_was_not_prepared_is_an_assertion_error"),
    ),
    Trap(
        "an offline download of TFDS hangs",
        unit(
            "data/test_tfds",
            "test_a_download_without_a_network_ends_at_once",
            "test_a_host_that_never_answers_is_given_up",
        ),
    ),
    Trap(
        "the order in which TFDS gives examples depends on how they were prepared",
        unit("data/test_tfds", "test_the_order_is_the_same_in_every_file_format"),
    ),
)
